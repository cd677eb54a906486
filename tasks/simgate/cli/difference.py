"""Difference: scene files, stages and spec fields that differ between a live model and the one before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simgate.cli.made_from import SNAPSHOT, MadeFrom, made_from, scene_files
from simgate.cli.runs import what
from simgate.core.storage.store import Store
from simgate.release.entry import LiveModel

YARDSTICK = "evaluate_live"
"""The evaluation of the model that was live before: no part of what this one was made from."""
UNKNOWN = "damaged"
"""Stands for what cannot be read, or what only something unreadable would name: it is equal to nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The values of one item before and now; empty where one side has none."""

    name: str
    before: str
    now: str

    @property
    def word(self) -> str:
        """The kind of change: added, changed, removed, or unknown."""
        if UNKNOWN in (self.before, self.now):
            return "unknown"
        if not self.before:
            return "added"
        return "changed" if self.now else "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs; a stage that is not named has the same content."""

    files: tuple[Change, ...]
    """By path; the values are digests."""
    stages: tuple[Change, ...]
    """By stage and what it was about; the values are content digests."""
    fields: tuple[Change, ...]
    """By stage and field of its spec."""
    same: int
    """Number of stages' runs with equal content; a damaged one equals nothing."""
    damaged: tuple[str, ...]
    """Keys of what cannot be read: what it says, and what it was made from, is unknown."""


def difference(store: Store, before: LiveModel, now: LiveModel) -> Difference:
    """Compare the lineages of two models: scene files, stages, spec fields."""
    trees = [_trees(store, model) for model in (before, now)]
    old, new = (_made(found) for found in trees)
    contents = [{name: node.content_digest or UNKNOWN for name, node in made.items()} for made in (old, new)]
    lost = [[node.ref.uri for node in made.values() if node.damaged] for made in (old, new)]
    specs = [{name: value for stage in made for name, value in _fields(stage, made[stage])} for made in (old, new)]
    both = {name for name in old.keys() & new.keys() if not (old[name].damaged or new[name].damaged)}
    fields = tuple(change for change in _changes(*specs) if change.name.partition(": ")[0] in both)
    (old_files, old_unread), (new_files, new_unread) = (_files(store, found) for found in trees)
    unread = (bool(lost[0] or old_unread), bool(lost[1] or new_unread))
    return Difference(
        files=tuple(_changes(old_files, new_files, lost=unread)),
        stages=tuple(_changes(*contents, lost=(bool(lost[0]), bool(lost[1])))),
        fields=fields,
        same=sum(contents[0].get(name) == digest != UNKNOWN for name, digest in contents[1].items()),
        damaged=tuple(sorted({*lost[0], *lost[1], *old_unread, *new_unread})),
    )


def _trees(store: Store, model: LiveModel) -> list[MadeFrom]:
    refs = {str(role): ref for role, ref in model.evidence.items() if role != YARDSTICK}
    return list(made_from(store, refs).values())


def _made(trees: Sequence[MadeFrom]) -> dict[str, MadeFrom]:
    """Return every run that a model was made from, by stage and subject."""
    nodes = (node for tree in trees for node in tree.walk() if node.kind != SNAPSHOT)
    return {_name(node): node for node in nodes}


def _name(node: MadeFrom) -> str:
    about = what(node.manifest) if node.manifest else ""
    return f"{node.kind} {about}".strip()


def _files(store: Store, trees: Sequence[MadeFrom]) -> tuple[dict[str, str], list[str]]:
    """Return digests of scene files by path, and the keys of snapshots that cannot be read."""
    snapshots = {node.ref.sha256: node for tree in trees for node in tree.walk() if node.kind == SNAPSHOT}
    read = {node.ref.uri: scene_files(store, node) for node in snapshots.values()}
    found = {path: ref.sha256 for files in read.values() for path, ref in files.items()}
    return found, [uri for uri, files in read.items() if not files]


def _fields(stage: str, node: MadeFrom) -> Iterator[tuple[str, str]]:
    spec = node.manifest.spec if node.manifest else {}
    return ((f"{stage}: {field}", value) for field, value in _flat("", spec))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each leaf of a spec by its dotted path."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    else:
        yield path, str(value)


def _changes(
    before: Mapping[str, str], now: Mapping[str, str], *, lost: tuple[bool, bool] = (False, False)
) -> Iterator[Change]:
    """Yield each value that differs. Where a side has unreadable parts, its missing names count as unknown, not as
    absent.
    """
    no_old, no_new = (UNKNOWN if gone else "" for gone in lost)
    for name in sorted({*before, *now}):
        change = Change(name, before.get(name, no_old), now.get(name, no_new))
        if change.before != change.now or change.before == UNKNOWN:
            yield change
