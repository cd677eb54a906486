"""simgate run: one stage here, from a spec file and manifests that the store has."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from simgate.cli.console import console, short, show_json
from simgate.cli.find import find_ref
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store
from simgate.cli.person import declared_person
from simgate.core.documents.canonical import parse_json
from simgate.core.documents.document import Document
from simgate.core.documents.stage_spec import Spec
from simgate.core.errors import InputError
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.job import Input, ManifestInput, SnapshotInput
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import scenes_head
from simgate.core.storage.store import Store
from simgate.rows.stages import STAGES


class HandWhy(Document):
    """The reason of a stage that was run by hand; lineage finds its people here, as in a pipeline's why.json."""

    version: Literal[1] = 1
    kind: Literal["hand"] = "hand"
    stage: str
    people: tuple[str, ...]
    at: datetime


def run(
    stage: Annotated[str, typer.Argument(help=" | ".join(STAGES.names()))],
    spec: Annotated[Path, typer.Option("--spec", help="The stage's spec, JSON or YAML.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            help="`scenes`: the pushed head; or a run: runs/…/manifest.json, its key's beginning, or a stage's name "
            "for its newest; with #OUTPUT for one output of it.",
        ),
    ] = None,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Run one stage here, as a process of its own; committed work is reused. Exit 0 also for a gate's FAIL."""
    from simgate.cli.stages import run_slot
    from simgate.plan.jobs import Slot, make_job
    from simgate.plan.slot_name import SlotName

    place = open_store(store)
    asked = read_spec(stage, spec)
    found = [read_input(place, domain, text) for text in inputs or ()]
    folder = _write_hand_why(place, domain, stage)
    nonce = _nonce(stage)
    job = make_job(stage, asked, found, domain=domain, run_record=folder, nonce=nonce)
    made = run_slot(place, folder, Slot(SlotName(stage=stage), job))
    verdict = read_verdict(place, read_manifest(place, made.ref))
    said = verdict.verdict if verdict else ""
    if as_json:
        show_json({"manifest": made.ref.uri, "sha256": made.ref.sha256, "outcome": made.outcome, "verdict": said})
    else:
        console().print(f"{made.outcome}: [bold]{made.ref.uri}[/]  sha256 {short(made.ref.sha256)}  {said}")


def read_spec(stage: str, path: Path) -> Spec:
    """Return the stage's spec from a file; an unknown or wrong field is named."""
    return STAGES.find(stage).spec_type.from_value(read_value(path), what=f"spec {path}")


def read_value(path: Path) -> object:
    """Read the value of a JSON or YAML file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read spec {path}: {error.strerror}") from error
    return _yaml(data, path) if path.suffix in (".yaml", ".yml") else parse_json(data, what=f"spec {path}")


def _yaml(data: bytes, path: Path) -> object:
    import yaml

    try:
        value: object = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise InputError(f"spec {path} is not YAML: {error}") from error
    return value


def read_input(store: Store, domain: str, text: str) -> Input:
    """Read one input of the command line: `scenes`, or a run as `simgate show` takes it, with an optional `#output`."""
    if text == "scenes":
        head = scenes_head(store, domain)
        if head is None:
            raise InputError(f"no scenes in domain {domain}", remedy="run `simgate scenes push FOLDER`")
        return SnapshotInput(sha256=head.snapshot_sha256)
    run, _, output = text.partition("#")
    value = {"kind": "manifest", "ref": find_ref(store, domain, run).model_dump(), "output": output or None}
    return ManifestInput.from_value(value, what=f"--input {text}")


def _write_hand_why(store: Store, domain: str, stage: str) -> str:
    # Beside the plans, not among them: no planner takes it for a run of a pipeline.
    now = datetime.now(UTC)
    folder = f"hand/{domain}/{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
    why = HandWhy(stage=stage, people=(declared_person(),), at=now)
    store.create(f"{folder}/why.json", why.to_json())
    return folder


def _nonce(stage: str) -> str | None:
    return secrets.token_hex(8) if STAGES.find(stage).kind == "observation" else None
