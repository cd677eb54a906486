"""MadeFrom: the tree from a run down to its scenes; a damaged manifest is named and has no parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simgate.core.documents.artifact import ManifestRef
from simgate.core.given.snapshot import FileRef, read_snapshot, snapshot_domain
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.damage import DAMAGE, pass_over
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store
from simgate.release.lineage import next_level

SNAPSHOT = "snapshot"
REMEDY = "restore it from a backup (`simgate store recover`), or make its run again (`simgate store forget`)"


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """A node of the lineage: a run or a snapshot."""

    kind: str
    """Stage name, or `snapshot`."""
    ref: ManifestRef
    manifest: Manifest | None
    """None for a snapshot, and where it cannot be read."""
    parents: tuple[MadeFrom, ...]

    @property
    def damaged(self) -> bool:
        """Whether its manifest cannot be read."""
        return self.manifest is None and self.kind != SNAPSHOT

    @property
    def content_digest(self) -> str:
        """The digest of its content; empty where its manifest cannot be read."""
        if self.kind == SNAPSHOT:
            return self.ref.sha256
        return self.manifest.content_digest if self.manifest else ""

    def walk(self) -> Iterator[MadeFrom]:
        """Yield this node and all below it, each once."""
        seen: dict[str, MadeFrom] = {}
        waiting = [self]
        while waiting:
            current = waiting.pop()
            if current.ref.sha256 not in seen:
                seen[current.ref.sha256] = current
                yield current
                waiting.extend(reversed(current.parents))


def made_from(store: Store, refs: Mapping[str, ManifestRef]) -> dict[str, MadeFrom]:
    """Read the trees above several manifests, by role: each manifest once, and those of one level together."""
    read: dict[str, Manifest | None] = {}
    waiting, level = list(refs.values()), 0
    while waiting:
        level = next_level(level, waiting)
        missing = list({ref.sha256: ref for ref in waiting if ref.sha256 not in read}.values())
        found = at_once(lambda ref: _read(store, ref), missing)
        read.update(zip((ref.sha256 for ref in missing), found, strict=True))
        waiting = [ref for manifest in found for kind, ref in _links(manifest) if kind != SNAPSHOT]
    known: dict[str, MadeFrom] = {}
    return {role: _grow(_stage_at(ref.uri), ref, read, known) for role, ref in refs.items()}


def scene_files(store: Store, snapshot: MadeFrom) -> dict[str, FileRef]:
    """Return the files of a snapshot by path; none, and it is named, where it cannot be read."""
    try:
        return dict(read_snapshot(store, snapshot.ref.sha256, snapshot_domain(snapshot.ref.uri)).files)
    except DAMAGE as error:
        pass_over(snapshot.ref.uri, error, remedy=REMEDY)
        return {}


def _read(store: Store, ref: ManifestRef) -> Manifest | None:
    try:
        return read_manifest(store, ref)
    except DAMAGE as error:
        pass_over(ref.uri, error, remedy=REMEDY)
        return None


def _links(manifest: Manifest | None) -> Sequence[tuple[str, ManifestRef]]:
    """Name and place of each different input."""
    if manifest is None:
        return ()
    return list({link.digest.sha256: (link.name, link.ref) for link in manifest.dependencies}.values())


def _stage_at(uri: str) -> str:
    """Return the stage that a manifest's place names."""
    parts = uri.split("/")
    return parts[2] if len(parts) > 2 else uri


def _grow(kind: str, ref: ManifestRef, read: Mapping[str, Manifest | None], known: dict[str, MadeFrom]) -> MadeFrom:
    if ref.sha256 not in known:
        manifest = read.get(ref.sha256) if kind != SNAPSHOT else None
        parents = tuple(_grow(name, link, read, known) for name, link in _links(manifest))
        known[ref.sha256] = MadeFrom(manifest.stage if manifest else kind, ref, manifest, parents)
    return known[ref.sha256]
