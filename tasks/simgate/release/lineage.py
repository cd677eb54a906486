"""Lineage: from a live model down to scene files; every digest can be checked offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import parse_json
from simgate.core.errors import DigestMismatch, InputError, NotFound, SimgateError
from simgate.core.given.snapshot import file_key, read_snapshot, snapshot_domain
from simgate.core.identity.key import key_of
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store

MAX_LEVELS = 64
"""Of manifests above one; a pipeline of ours has eight."""


@dataclass(frozen=True, slots=True)
class Node:
    """A manifest, snapshot or model in a lineage, with its parents."""

    kind: str
    """Stage name, `snapshot`, or `model`."""
    name: str
    uri: str
    sha256: str
    content_digest: str
    parents: tuple[Node, ...]
    """The nodes that it was made from."""
    run_record: str
    """Folder of the RunRecord that it was made for; empty for a snapshot."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Damage that verify found."""

    uri: str
    problem: str


def lineage(store: Store, ref: ManifestRef) -> Node:
    """Return the tree above a manifest; a manifest that several share is read once."""
    return lineages(store, [ref])[0]


def lineages(store: Store, refs: Sequence[ManifestRef]) -> tuple[Node, ...]:
    """Return the trees above several manifests: each manifest of them is read once, and those of one level together.

    InputError where there are more than MAX_LEVELS: whoever writes manifests could make them without end.
    """
    known: dict[str, Manifest] = {}
    waiting, level = list(refs), 0
    while waiting:
        level = next_level(level, waiting)
        missing = list({ref.sha256: ref for ref in waiting if ref.sha256 not in known}.values())
        read = at_once(lambda ref: read_manifest(store, ref), missing)
        known.update(zip((ref.sha256 for ref in missing), read, strict=True))
        waiting = [link.ref for manifest in read for link in _distinct(manifest) if link.name != "snapshot"]
    nodes: dict[str, Node] = {}
    return tuple(_node(ref, known, nodes) for ref in refs)


def next_level(level: int, waiting: Sequence[ManifestRef]) -> int:
    """Count one level up; InputError beyond the last."""
    if level == MAX_LEVELS:
        raise InputError(
            f"manifest {waiting[0].uri} lies too deep in what a run was made from",
            actual=f"more than {MAX_LEVELS} levels", expected=f"at most {MAX_LEVELS} levels of manifests",
            remedy="find out who wrote it",
        )  # fmt: skip
    return level + 1


def _node(ref: ManifestRef, known: Mapping[str, Manifest], nodes: dict[str, Node]) -> Node:
    if ref.sha256 not in nodes:
        manifest = known[ref.sha256]
        parents = tuple(_parent(link, known, nodes) for link in _distinct(manifest))
        name = f"{manifest.stage} {manifest.run_key[:12]}"
        nodes[ref.sha256] = Node(
            manifest.stage, name, ref.uri, ref.sha256, manifest.content_digest, parents, manifest.run_record
        )
    return nodes[ref.sha256]


@dataclass(frozen=True, slots=True)
class _Link:
    name: str
    ref: ManifestRef


def _distinct(manifest: Manifest) -> list[_Link]:
    links = {link.digest.sha256: _Link(link.name, link.ref) for link in manifest.dependencies}
    return list(links.values())


def _parent(link: _Link, known: Mapping[str, Manifest], nodes: dict[str, Node]) -> Node:
    if link.name == "snapshot":
        sha256 = link.ref.sha256
        return Node("snapshot", f"snapshot {sha256[:12]}", link.ref.uri, sha256, sha256, (), "")
    return _node(link.ref, known, nodes)


def walk(node: Node) -> Iterator[Node]:
    """Yield every node of a tree, each once, the given one first."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.sha256 not in seen:
            seen.add(current.sha256)
            yield current
            waiting.extend(reversed(current.parents))


def people_of(store: Store, refs: Iterable[ManifestRef]) -> frozenset[str]:
    """Name everybody who wrote or started something upstream: the people of all RunRecords that the lineage reaches."""
    nodes = (node for tree in lineages(store, list(refs)) for node in walk(tree))
    records = {node.run_record for node in nodes if node.kind != "snapshot"}
    return frozenset(person for record in records for person in record_people(store, record))


def record_people(store: Store, folder: str) -> frozenset[str]:
    """Return the people of one RunRecord."""
    value = parse_json(store.get(f"{folder}/why.json"), what=f"{folder}/why.json")
    return frozenset(str(person) for person in value.get("people", ()))


def verify_tree(store: Store, ref: ManifestRef) -> list[Finding]:
    """Check every manifest, output and scene file that a manifest stands on; all damage, not only the first."""
    try:
        nodes = list(walk(lineage(store, ref)))
    except SimgateError as error:
        return [Finding(ref.uri, str(error))]
    return [finding for node in nodes for finding in _findings(store, node)]


def _findings(store: Store, node: Node) -> list[Finding]:
    try:
        return list(_verify_node(store, node))
    except SimgateError as error:
        return [Finding(node.uri, str(error))]


def _verify_node(store: Store, node: Node) -> Iterator[Finding]:
    if node.kind == "snapshot":
        domain = snapshot_domain(node.uri)
        for path, file in read_snapshot(store, node.sha256, domain).files.items():
            yield from verify_bytes(store, file_key(store, file.sha256, domain), file.sha256, path)
        return
    manifest = read_manifest(store, ManifestRef(uri=node.uri, sha256=node.sha256))
    if (key := key_of(manifest)) != manifest.run_key:
        yield Finding(node.uri, f"it was made from other things than its key {manifest.run_key} says: they give {key}")
    for artifact in (*manifest.artifacts, *manifest.byproducts):
        yield from verify_bytes(store, artifact.uri, artifact.sha256, artifact.name)


def verify_bytes(store: Store, uri: str, sha256: str, name: str) -> Iterator[Finding]:
    """Yield a finding where one file is missing or its bytes are damaged."""
    try:
        found = store.digest(uri)
    except NotFound:
        yield Finding(uri, f"{name} is missing")
        return
    if found != sha256:
        yield Finding(
            uri, str(DigestMismatch(f"{name} is damaged", actual=f"sha256 {found}", expected=f"sha256 {sha256}"))
        )
