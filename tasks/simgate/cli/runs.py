"""simgate runs, simgate show: what was done, and one run in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from simgate.cli.console import console, plain, short, show_json, show_table, when
from simgate.cli.find import find_run
from simgate.cli.find import runs as committed_runs
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, present_store
from simgate.core.documents.document import Document
from simgate.core.identity.environment import Environment, Observed
from simgate.core.runtime.attempt import ENVELOPE_NAME, Verdict, read_verdict
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.damage import DAMAGE, pass_over
from simgate.core.storage.memo import Run
from simgate.core.storage.signed_link import REPORT_NAME
from simgate.core.storage.store import Store
from simgate.plan.slot_name import ShardName
from simgate.rows.stages import STAGES

Rows = list[tuple[str, ...]]
BESIDE = {
    REPORT_NAME: "the page, drawn from the files above after the commit: a view, no evidence, without a digest",
    "started.json": "when it was begun; runs of today name it in their evidence",
    "failure.json": "how the attempt ended: beside a manifest it says nothing",
}
RunArgument = Annotated[
    str,
    typer.Argument(
        help="First characters of a run key or manifest digest, a manifest's key, or a stage's name: its newest run."
    ),
]


def runs(
    stage: Annotated[str, typer.Option("--stage", help="Only this stage.")] = "",
    last: Annotated[int, typer.Option("--last", min=1, help="Number of newest runs to list.")] = 50,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """List committed runs, newest last: stage, key, verdict, when, and for which run of a pipeline."""
    place = present_store(store)
    if stage:
        STAGES.find(stage)
    found = [run for run in committed_runs(place, domain) if stage in ("", run.manifest.stage)]
    rows = [_row(place, run) for run in found[-last:]]
    if as_json:
        show_json(rows)
        return
    head = ("stage", "what", "run key", "verdict", "finished", "for")
    show_table(
        head,
        [
            (r["stage"], r["what"], short(r["run_key"]), r["verdict"], when(r["finished"]), _name(r["for"]))
            for r in rows
        ],
        empty=f"no committed run in domain {domain}",
    )


def _name(run_record: str) -> str:
    """Return a run by its name, without the folder that all of a domain's share."""
    return run_record.rpartition("/")[2]


def _verdict(store: Store, manifest: Manifest) -> Verdict | None:
    """Return a gate's verdict; None where there is none, or it is damaged, which is named."""
    try:
        return read_verdict(store, manifest)
    except DAMAGE as error:
        pass_over(f"verdict of {manifest.stage} {short(manifest.run_key)}", error, remedy="`simgate verify` says more")
        return None


def _row(store: Store, run: Run) -> dict[str, str]:
    verdict = _verdict(store, run.manifest)
    return {
        "stage": run.manifest.stage, "what": what(run.manifest), "run_key": run.manifest.run_key,
        "verdict": verdict.verdict if verdict else "", "finished": _finished(run.manifest),
        "for": run.manifest.run_record, "manifest": run.ref.uri, "sha256": run.ref.sha256,
    }  # fmt: skip


def _finished(manifest: Manifest) -> str:
    return manifest.predicate.run_details.metadata.finished_on


class _MadeFor(Document):
    target: str = ""
    bench: str = ""


def what(manifest: Manifest) -> str:
    """Name the subject of a run: the shard of a generate run, the target of an export."""
    if manifest.stage == "generate":
        return str(manifest.part_of_spec(ShardName))
    made = manifest.part_of_spec(_MadeFor)
    return made.target or made.bench


def show(
    run: RunArgument, domain: DomainOption = "main", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False
) -> None:
    """Show one run: spec, inputs, outputs, cost and verdict."""
    place = present_store(store)
    found = find_run(place, domain, run)
    if as_json:
        show_json(found.manifest.model_dump(mode="json"))
        return
    for heading, head, rows in _sections(place, found):
        if rows:
            show_table(head, rows, title=f"\n[bold]{plain(heading)}[/]")
    console().print(f"\n[dim]{plain(found.ref.uri)}[/]")


def _sections(store: Store, run: Run) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    manifest = run.manifest
    yield f"{manifest.stage} {what(manifest)}", ("", ""), _facts(store, run)
    yield "spec", ("field", "value"), [(name, str(value)) for name, value in sorted(manifest.spec.items())]
    inputs: set[tuple[str, ...]] = {
        (link.name, link.annotations.output, short(link.annotations.key_part), link.uri)
        for link in manifest.dependencies
    }
    yield "made from", ("stage", "output", "key part", "at"), sorted(inputs)
    outputs: Rows = [(item.name, f"{item.size_bytes:,}", short(item.sha256)) for item in manifest.artifacts]
    yield "outputs", ("name", "bytes", "sha256"), outputs
    evidence: Rows = [(item.name, f"{item.size_bytes:,}", short(item.sha256)) for item in manifest.byproducts]
    yield "evidence", ("name", "bytes", "sha256"), evidence
    yield "beside it", ("name", "what it is"), _beside(store, run)


def _beside(store: Store, run: Run) -> Rows:
    """List files in the attempt's folder that no manifest names; no check notices when they change."""
    folder = run.ref.uri.rpartition("/")[0]
    known = {item.uri for item in (*run.manifest.artifacts, *run.manifest.byproducts)}
    known |= {run.ref.uri, f"{folder}/{ENVELOPE_NAME}"}
    names = [key.removeprefix(f"{folder}/") for key in store.keys(folder) if key not in known]
    return [(name, BESIDE.get(name, "not of this run: no stage leaves it")) for name in names]


def _facts(store: Store, run: Run) -> Rows:
    manifest, verdict = run.manifest, _verdict(store, run.manifest)
    internal = manifest.predicate.build_definition.internal_parameters
    facts = [
        ("run key", manifest.run_key), ("content digest", manifest.content_digest), ("manifest sha256", run.ref.sha256),
        ("code", short(internal.code_digest)), ("locked libraries", short(internal.lock_digest)),
        ("place", manifest.predicate.run_details.builder.id), ("for run", manifest.run_record),
        ("finished", when(_finished(manifest))),
    ]  # fmt: skip
    if verdict is not None:
        facts.append(("verdict", "; ".join((verdict.verdict, *verdict.reasons))))
        facts += [(f"  {name}", f"{value:.6g}") for name, value in sorted(verdict.metrics.items())]
    return [*facts, *_cost(store, manifest)]


def _cost(store: Store, manifest: Manifest) -> Rows:
    try:
        observed = Observed.from_json(store.read(manifest.artifact("observed.json")), what="observed.json")
    except DAMAGE as error:
        if any(item.name == "observed.json" for item in manifest.byproducts):
            pass_over(f"observed.json of {manifest.stage}", error, remedy="`simgate verify` says more")
        return []
    cost = observed.cost
    return [
        ("cost", f"{cost.wall_s:.1f} s, peak {cost.peak_rss_bytes / 2**20:.0f} MiB, on {observed.environment.host}"),
        *((name, value) for name, value in _machine(observed.environment) if value),
    ]


def _machine(found: Environment) -> Rows:
    gpus = ", ".join(f"{gpu.name} ({gpu.compute_capability})" for gpu in found.gpus)
    cuda = ", ".join(f"{version} of {name}" for name, version in sorted(found.cuda.items()))
    return [
        ("machine", f"{found.system}, {found.libc}"), ("CPU", found.cpu), ("image", found.image),
        *sorted(found.named.items()),
        ("GPUs", gpus), ("GPU driver", found.gpu_driver), ("CUDA", cuda),
    ]  # fmt: skip
