"""Difference: what of a live model's making differs from the one before it: scene files, stages, fields of specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simgate.cli.made_from import SNAPSHOT, MadeFrom, made_from, scene_files
from simgate.cli.runs import what
from simgate.core.store import Store
from simgate.release.entry import LiveModel

YARDSTICK = "evaluate_live"
"""The evaluation of the model that was live before: no part of what this one was made from."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing with its value in each of the two; empty where it has none."""

    name: str
    before: str
    now: str

    @property
    def word(self) -> str:
        """What became of it."""
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
    """How many stages' runs have the same content."""


def difference(store: Store, before: LiveModel, now: LiveModel) -> Difference:
    """What differs between two models' making."""
    old, new = (_made(store, model) for model in (before, now))
    contents = [{name: node.content_digest or "damaged" for name, node in made.items()} for made in (old, new)]
    stages = tuple(_changes(*contents))
    specs = [{name: value for stage in made for name, value in _fields(stage, made[stage])} for made in (old, new)]
    both = old.keys() & new.keys()
    fields = tuple(change for change in _changes(*specs) if change.name.partition(": ")[0] in both)
    return Difference(
        files=tuple(_changes(*(_files(store, model) for model in (before, now)))), stages=stages, fields=fields,
        same=sum(contents[0].get(name) == digest for name, digest in contents[1].items()),
    )  # fmt: skip


def _trees(store: Store, model: LiveModel) -> list[MadeFrom]:
    refs = {str(role): ref for role, ref in model.evidence.items() if role != YARDSTICK}
    return list(made_from(store, refs).values())


def _made(store: Store, model: LiveModel) -> dict[str, MadeFrom]:
    """Every run that a model was made from, by stage and what it was about."""
    nodes = (node for tree in _trees(store, model) for node in tree.walk() if node.kind != SNAPSHOT)
    return {_name(node): node for node in nodes}


def _name(node: MadeFrom) -> str:
    about = what(node.manifest) if node.manifest else ""
    return f"{node.kind} {about}".strip()


def _files(store: Store, model: LiveModel) -> dict[str, str]:
    snapshots = {
        node.ref.sha256: node for tree in _trees(store, model) for node in tree.walk() if node.kind == SNAPSHOT
    }
    return {path: ref.sha256 for node in snapshots.values() for path, ref in scene_files(store, node).items()}


def _fields(stage: str, node: MadeFrom) -> Iterator[tuple[str, str]]:
    spec = node.manifest.spec if node.manifest else {}
    return ((f"{stage}: {field}", value) for field, value in _flat("", spec))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each leaf of a spec by its dotted path."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    else:
        yield path, str(value)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield Change(name, before.get(name, ""), now.get(name, ""))
