"""Reasons: which runs were made or reused, and which part of each key had moved."""

from __future__ import annotations

from collections.abc import Mapping

from simgate.cli.console import show_table
from simgate.core.given.snapshot import read_snapshot
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.heads import dataset_head
from simgate.core.storage.store import Store
from simgate.documents.scene import SceneItem
from simgate.plan.jobs import DATASET_STAGES, RELEASE_STAGES, Slot, parts_of, slots_of
from simgate.plan.outlook import moved, moved_files, previous_dataset, slot_of_role
from simgate.plan.record import DatasetWhy, ReleaseWhy, record_folder, task_lines
from simgate.plan.slot_name import SlotName
from simgate.release.entry import LiveModel
from simgate.rows.evidence import REQUIRED

SHOWN_FILES = 4


def dataset_before(store: Store, domain: str, name: str) -> dict[SlotName, Manifest]:
    """Return the runs that the published dataset is made of, by slot."""
    head = dataset_head(store, domain, name)
    return dict(previous_dataset(store, read_manifest(store, head.validate_ref))) if head else {}


def release_before(store: Store, live: LiveModel | None) -> dict[SlotName, Manifest]:
    """Return the runs that the live model stands on, by slot."""
    if live is None:
        return {}
    return {slot_of_role(role): read_manifest(store, ref) for role, ref in live.evidence.items() if role in REQUIRED}


def show_reasons(store: Store, why: DatasetWhy | ReleaseWhy, before: Mapping[SlotName, Manifest]) -> None:
    """Print a table with each needed run: made or reused, and why."""
    done = {line.slot: line for line in reversed(task_lines(store, record_folder(why.domain, why.run)))}
    stages = DATASET_STAGES if isinstance(why, DatasetWhy) else RELEASE_STAGES
    rows = []
    for slot in (slot for stage in stages for slot in slots_of(store, why, stage)):
        line = done.get(slot.name)
        if line is None:
            continue
        reason = "" if line.outcome == "reused" else _reason(store, slot, before, read_manifest(store, line.ref))
        rows.append((str(slot.name), line.outcome, reason or "unchanged: same inputs, code and settings"))
    show_table(("run", "was", "why"), rows)


def _reason(store: Store, slot: Slot, before: Mapping[SlotName, Manifest], after: Manifest) -> str:
    old = before.get(slot.name)
    if slot.job.nonce:
        return "an observation: made anew in every run"
    parts = moved(parts_of(store, slot), old)
    files = _files(store, slot, before, after) if old is not None else ()
    shown = ", ".join(files[:SHOWN_FILES]) + (" …" if len(files) > SHOWN_FILES else "")
    return ", ".join(parts) + (f": {shown}" if shown else "")


def _files(store: Store, slot: Slot, before: Mapping[SlotName, Manifest], after: Manifest) -> tuple[str, ...]:
    """Return the scene files behind a moved key: of the whole snapshot for index, of one scene for its shards."""
    old = before.get(slot.name)
    if old is None:
        return ()
    if slot.job.stage == "index":
        was, now = (read_snapshot(store, _snapshot(manifest)).files for manifest in (old, after))
        return tuple(path for path in sorted({*was, *now}) if was.get(path) != now.get(path))
    if slot.job.stage == "generate":
        return moved_files(_item(store, old), _item(store, after))
    return ()


def _snapshot(index: Manifest) -> str:
    return next(link.digest.sha256 for link in index.dependencies if link.name == "snapshot")


def _item(store: Store, generate: Manifest) -> SceneItem:
    link = next(link for link in generate.dependencies if link.name == "index")
    artifact = read_manifest(store, link.ref).artifact(link.annotations.output)
    return SceneItem.from_json(store.read(artifact), what=link.annotations.output)
