"""Outlook: what a run would do — reuse, run, or wait for what comes before — and which part of each key moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, NotFound
from simgate.core.identity.key import KeyParts
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.damage import DAMAGE, pass_over
from simgate.core.storage.heads import dataset_head
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.documents.scene import SceneItem
from simgate.plan.jobs import DATASET_STAGES, RELEASE_STAGES, NotReady, Slot, parts_of, slots_of
from simgate.plan.record import DatasetWhy, ReleaseWhy
from simgate.plan.slot_name import ShardName, SlotName
from simgate.release.candidate import candidates
from simgate.rows.evidence import STAGE_OF_ROLE, SUBJECT_OF_ROLE

REMEDY = "`simgate verify` says what stands on it; `simgate store forget` its run, and it is made again"


@dataclass(frozen=True, slots=True)
class Line:
    """One run of a pipeline."""

    slot: SlotName
    action: Literal["reuse", "run", "depends"]
    moved: tuple[str, ...]
    """Parts of the key that differ from the last time; `first time` where there is none."""


def outlook(store: Store, why: DatasetWhy | ReleaseWhy) -> tuple[Line, ...]:
    """Return every run that `why` needs, without running any."""
    before = dict(_previous(store, why))
    lines: list[Line] = []
    for stage in DATASET_STAGES if isinstance(why, DatasetWhy) else RELEASE_STAGES:
        try:
            lines.extend(_line(store, slot, before) for slot in slots_of(store, why, stage))
        except NotReady as error:
            lines.append(Line(SlotName(stage=stage), "depends", (error.what,)))
        except (DigestMismatch, NotFound) as error:
            pass_over(f"what {stage} is made from", error, remedy=REMEDY)
            lines.append(Line(SlotName(stage=stage), "depends", ("what it is made from is damaged",)))
    return tuple(lines)


def _line(store: Store, slot: Slot, before: dict[SlotName, Manifest]) -> Line:
    parts = parts_of(store, slot)
    if committed(store, slot.job, parts.run_key) is not None:
        return Line(slot.name, "reuse", ())
    return Line(slot.name, "run", moved(parts, before.get(slot.name)))


def moved(parts: KeyParts, before: Manifest | None) -> tuple[str, ...]:
    """Name the parts of a key that differ from an earlier run's."""
    if before is None:
        return ("first time",)
    names = [
        f"spec.{name}" for name in sorted({*parts.spec, *before.spec}) if parts.spec.get(name) != before.spec.get(name)
    ]
    internal = before.predicate.build_definition.internal_parameters
    names += ["code"] if internal.code_digest != parts.code_digest else []
    names += ["locked libraries"] if internal.lock_digest != parts.lock_digest else []
    others = {item.name for item in {*parts.distributions} ^ {*internal.distributions}}
    names += [f"distribution {name}" for name in sorted(others)]
    old = {(link.name, link.annotations.output, link.annotations.key_part) for link in before.dependencies}
    new = {(part.name, part.output, part.part) for part in parts.inputs}
    names += sorted({f"input {name} {output}".strip() for name, output, _ in new - old})
    return tuple(names)


def moved_files(old: SceneItem, new: SceneItem) -> tuple[str, ...]:
    """List the files of a scene's closure that were changed, added or removed."""
    before = {file.path: file.sha256 for file in old.closure}
    after = {file.path: file.sha256 for file in new.closure}
    return tuple(path for path in sorted({*before, *after}) if before.get(path) != after.get(path))


def slot_of_role(role: str) -> SlotName:
    """Return the slot whose run has that role among a candidate's evidence."""
    return SlotName(stage=STAGE_OF_ROLE[role], subject=SUBJECT_OF_ROLE[role])


def slot_in_dataset(manifest: Manifest) -> SlotName:
    """Return the slot of a dataset's pipeline that a committed run filled."""
    if manifest.stage != "generate":
        return SlotName(stage=manifest.stage)
    return SlotName(stage=manifest.stage, shard=manifest.part_of_spec(ShardName))


def _previous(store: Store, why: DatasetWhy | ReleaseWhy) -> Iterator[tuple[SlotName, Manifest]]:
    if isinstance(why, DatasetWhy):
        head = dataset_head(store, why.domain, why.recipe.name)
        validate = _readable(store, head.validate_ref) if head else None
        yield from previous_dataset(store, validate) if validate else ()
        return
    newest = candidates(store, why.recipe.model, why.recipe.channel).newest()
    for role, ref in newest.candidate.evidence.items() if newest else ():
        if manifest := _readable(store, ref):
            yield slot_of_role(role), manifest


def _readable(store: Store, ref: ManifestRef) -> Manifest | None:
    """Return the manifest; None, and it is named, where it is damaged: an outlook without it says `first time`."""
    try:
        return read_manifest(store, ref)
    except DAMAGE as error:
        pass_over(ref.uri, error, remedy=REMEDY)
        return None


def previous_dataset(store: Store, validate: Manifest) -> Iterator[tuple[SlotName, Manifest]]:
    """Yield the runs that a dataset is made of, by slot."""
    yield SlotName(stage=validate.stage), validate
    for link in {link.uri: link for link in validate.dependencies}.values():
        if manifest := _readable(store, link.ref):
            yield slot_in_dataset(manifest), manifest
