"""Change: what differs between a candidate and the live model: pushes, files, scenes, what was asked, code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.given.snapshot import Snapshot, read_snapshot, snapshot_domain
from simgate.core.runtime.manifest import Dependency, Manifest, read_manifest
from simgate.core.storage.heads import ScenesHead, scenes_pushes
from simgate.core.storage.store import Store
from simgate.documents.scene import SceneItem
from simgate_airflow.gate.case import Case

How = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the scenes."""

    how: How
    path: str


@dataclass(frozen=True, slots=True)
class SceneChange:
    """One scene, with the index runs that drew it."""

    name: str
    how: Literal["added", "changed", "removed", "unchanged"]
    before: ManifestRef | None
    """None: it was not there."""
    after: ManifestRef | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """The scenes behind a dataset."""

    snapshot_sha256: str
    snapshot: Snapshot
    scenes: Mapping[str, tuple[str, ManifestRef]]
    """Scene → digest of its closure, and the index run that looked at it."""


@dataclass(frozen=True, slots=True)
class Change:
    """All differences from the live model; a first release differs in everything."""

    first: bool
    pushes: tuple[ScenesHead, ...]
    """Since the live model's scenes, newest first; of a first release all of them."""
    back: bool
    """Whether the scenes are older than the live model's."""
    files: tuple[FileChange, ...]
    scenes: tuple[SceneChange, ...]
    asked: tuple[tuple[str, object, object], ...]
    """(field of the recipe, before, now)."""
    code: tuple[str, ...]
    """Stages whose code or libraries changed."""


def read_change(case: Case) -> Change:
    """Compare the candidate with the live model."""
    now = read_dataset(case.store, case.candidate.evidence["validate"])
    before = _live_dataset(case)
    pushes, back = _pushes(case.store, before, now)
    return Change(
        first=before is None, pushes=pushes, back=back, files=tuple(_files(before, now)),
        scenes=tuple(_scenes(before, now)), asked=tuple(_asked(case)), code=tuple(_code(case)),
    )  # fmt: skip


def read_dataset(store: Store, validate: ManifestRef) -> Dataset:
    """Return the snapshot and the scenes of a validate run: those that it read itself.

    Shards that were made before stand on older index runs, of other snapshots with the same scene.
    """
    indexes = {link.digest.sha256: link.ref for link in read_manifest(store, validate).dependencies if _is_index(link)}
    read = [(ref, read_manifest(store, ref)) for ref in indexes.values()]
    snapshot = _snapshot(validate, [index for _, index in read])
    scenes = {item.name: (item.closure_sha256, ref) for ref, index in read for item in _items(store, index)}
    found = read_snapshot(store, snapshot.sha256, snapshot_domain(snapshot.uri))
    return Dataset(snapshot.sha256, found, scenes)


def _snapshot(validate: ManifestRef, indexes: Sequence[Manifest]) -> ManifestRef:
    for link in (link for index in indexes for link in index.dependencies):
        if link.name == "snapshot":
            return link.ref
    raise InputError(
        f"dataset {validate.uri} does not say what scenes it was made of", actual=f"{len(indexes)} index runs",
        expected="one that names a snapshot", remedy="make the dataset again",
    )  # fmt: skip


def _is_index(link: Dependency) -> bool:
    return link.name == "index"


def _items(store: Store, index: Manifest) -> Iterator[SceneItem]:
    for artifact in index.artifacts:
        if artifact.name.startswith("scenes/"):
            yield SceneItem.from_json(store.read(artifact), what=artifact.name)


def _live_dataset(case: Case) -> Dataset | None:
    if case.live is None:
        return None
    try:
        return read_dataset(case.store, case.live.model.evidence["validate"])
    except (NotFound, DigestMismatch, InputError):
        return None


def _pushes(store: Store, before: Dataset | None, now: Dataset) -> tuple[tuple[ScenesHead, ...], bool]:
    every = scenes_pushes(store, "main")
    last = {push.snapshot_sha256: push.seq for push in every}
    newest = last.get(now.snapshot_sha256, 0)
    oldest = last.get(before.snapshot_sha256, 0) if before else 0
    between = range(min(oldest, newest) + 1, max(oldest, newest) + 1)
    return tuple(push for push in reversed(every) if push.seq in between), newest < oldest


def _files(before: Dataset | None, now: Dataset) -> Iterator[FileChange]:
    old, new = before.snapshot.files if before else {}, now.snapshot.files
    for path in sorted({*old, *new}):
        if path not in new:
            yield FileChange("removed", path)
        elif path not in old:
            yield FileChange("added", path)
        elif old[path].sha256 != new[path].sha256:
            yield FileChange("changed", path)


def _scenes(before: Dataset | None, now: Dataset) -> Iterator[SceneChange]:
    old, new = before.scenes if before else {}, now.scenes
    for name in sorted({*old, *new}):
        was, there = old.get(name), new.get(name)
        if was is None or there is None:
            how: Literal["added", "changed", "removed", "unchanged"] = "added" if there else "removed"
        else:
            how = "unchanged" if was[0] == there[0] else "changed"
        yield SceneChange(name, how, was[1] if was else None, there[1] if there else None)


def _asked(case: Case) -> Iterator[tuple[str, object, object]]:
    if case.why is None or case.live is None or case.live.why is None:
        return
    before = dict(leaves(case.live.why.recipe.model_dump(mode="json")))
    now = dict(leaves(case.why.recipe.model_dump(mode="json")))
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield name, before.get(name), now.get(name)


def _code(case: Case) -> Iterator[str]:
    for role, manifest in case.found.items():
        was = case.live.found.get(role) if case.live else None
        if was is not None and _made_by(was) != _made_by(manifest):
            yield role


def _made_by(manifest: Manifest) -> tuple[object, ...]:
    parts = manifest.predicate.build_definition.internal_parameters
    return parts.code_digest, parts.lock_digest, parts.distributions


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every plain value of a JSON document under its dotted name."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from leaves(inner, f"{path}.{name}" if path else name)
