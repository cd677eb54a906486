"""Softenings: where a candidate's gates or its dataset were asked less than the channel's reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from simgate.core.documents.canonical import canonical_json
from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import Leaf, Way, leaves
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store
from simgate.documents.dataset import SplitDocument
from simgate.release.policy import Channel, Role
from simgate.release.reference import DatasetReference, Reference, SplitReference, asked
from simgate.specs.generate import SimulationSpec

DIRECTIONS: dict[Way, str] = {
    "lower": "lower is stricter",
    "higher": "higher is stricter",
    "equal": "must be equal",
    "free": "may be anything",
}


@dataclass(frozen=True, slots=True)
class Softening:
    """One field that asks less than the reference."""

    gate: str
    """`dataset`, or the gate's name."""
    field: str
    """Dotted name in the spec, e.g. `limits.command_deadline_ms`."""
    asked: str
    reference: str
    """Both as JSON."""
    way: Way

    @property
    def direction(self) -> str:
        """The stricter direction, in words."""
        return DIRECTIONS[self.way]

    def __str__(self) -> str:
        return (
            f"{self.gate} was asked too little: {self.field} is {self.asked}, the channel's reference is "
            f"{self.reference} ({self.direction})"
        )


def softenings(store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> list[Softening]:
    """Return every field of the gates' specs and of the dataset that is looser than the reference, by gate.

    InputError where a spec cannot be read, or leaves a field to be guessed.
    """
    reference = channel.reference
    soft = list(_dataset(store, reference.dataset, found["validate"]))
    for gate in reference.gates:
        wanted = reference.spec(gate)
        if wanted is not None:
            soft += softer(gate, asked(found[gate]), wanted)
    return soft


def softer_recipes(reference: Reference, asks: Reference) -> list[Softening]:
    """List where recipes (`Reference.of`) ask less than a channel's reference, before anything runs."""
    soft = list(_recipe(reference.dataset, asks.dataset))
    for gate in reference.gates:
        spec, wanted = asks.spec(gate), reference.spec(gate)
        if spec is not None and wanted is not None:
            soft += softer(gate, spec, wanted)
    return soft


def softer(gate: str, spec: Spec, reference: Spec, prefix: str = "") -> Iterator[Softening]:
    """Yield the fields of one spec that are looser than those of another of its class."""
    for leaf in leaves(type(reference)):
        own, wanted = _value(spec, leaf), _value(reference, leaf)
        if leaf.stricter.bounds_each:
            yield from _each_softer(gate, leaf, own, wanted, prefix)
        elif looser(leaf.stricter.way, own, wanted):
            yield Softening(gate, f"{prefix}{leaf.path}", _text(own), _text(wanted), leaf.stricter.way)


def _each_softer(
    gate: str, leaf: Leaf, own: Mapping[str, float], wanted: Mapping[str, float], prefix: str
) -> Iterator[Softening]:
    """Yield the metrics by name that are bounded less than the reference says, or not at all."""
    way = leaf.stricter.way
    for name, limit in wanted.items():
        if name not in own or looser(way, own[name], limit):
            asked_for = _text(own[name]) if name in own else "nothing"
            yield Softening(gate, f"{prefix}{leaf.path}.{name}", asked_for, _text(limit), way)


def looser(way: Way, own: Any, wanted: Any) -> bool:
    """Return whether a value asks less than another; of two values that cannot be compared, True."""
    if way == "free" or own == wanted:
        return False
    if way == "equal":
        return True
    if isinstance(wanted, Mapping) and isinstance(own, Mapping):
        return any(name not in own or looser(way, own[name], value) for name, value in wanted.items())
    if isinstance(wanted, str):
        # A pin: any asks more than none.
        return not (way == "higher" and wanted == "")
    try:
        return not (own <= wanted if way == "lower" else own >= wanted)
    except TypeError:
        return True


def _dataset(store: Store, reference: DatasetReference, validate: Manifest) -> Iterator[Softening]:
    links = [link for link in validate.dependencies if link.name == "generate"]
    if not links:
        raise InputError("the dataset names no shard, so nobody knows how it was simulated", remedy="build it again")
    specs = {canonical_json(item.spec): item for item in at_once(lambda link: read_manifest(store, link.ref), links)}
    seen: dict[Softening, None] = {}
    for manifest in specs.values():
        seen |= dict.fromkeys(_simulation(reference, asked(manifest)))
    yield from seen
    for side, wanted in (("train", reference.train), ("eval", reference.eval)):
        name = f"splits/{side}.json"
        split = SplitDocument.from_json(store.read(validate.artifact(name)), what=name)
        yield from _side(side, wanted, _episodes(split), split.frames)


def _recipe(reference: DatasetReference, asks: DatasetReference) -> Iterator[Softening]:
    if (reference.seeds, asks.seeds) == ("fixed", "any"):
        yield Softening("dataset", "seeds", _text(asks.seeds), _text(reference.seeds), "equal")
    yield from _simulation(reference, asks.simulation)
    yield from _side("train", reference.train, asks.train.scenes, asks.train.frames)
    yield from _side("eval", reference.eval, asks.eval.scenes, asks.eval.frames)


def _simulation(reference: DatasetReference, spec: Spec) -> Iterator[Softening]:
    wanted = reference.simulation
    if reference.seeds == "any" and isinstance(spec, SimulationSpec):
        wanted = wanted.model_copy(update={"dataset_seed": spec.dataset_seed})
    yield from softer("dataset", spec, wanted, "simulation.")


def _episodes(split: SplitDocument) -> dict[str, int]:
    """Count the episodes of each scene that the split names or has a shard of."""
    episodes = dict.fromkeys((scene.name for scene in split.scenes), 0)
    for shard in split.shards:
        episodes[shard.scene] = episodes.get(shard.scene, 0) + shard.episodes
    return episodes


def _side(side: str, reference: SplitReference, episodes: Mapping[str, int], frames: int) -> Iterator[Softening]:
    """Compare one side of the dataset with the reference: by the document, not by the recipe."""
    for scene, wanted in reference.scenes.items():
        if not (own := episodes.get(scene, 0)) >= wanted:
            yield Softening("dataset", f"{side}.scenes.{scene}", _text(own), _text(wanted), "higher")
    if side == "eval" and episodes.keys() - reference.scenes.keys():
        yield Softening("dataset", "eval.scenes", _text(sorted(episodes)), _text(sorted(reference.scenes)), "equal")
    if not frames >= reference.frames:
        yield Softening("dataset", f"{side}.frames", _text(frames), _text(reference.frames), "higher")


def _value(spec: Spec, leaf: Leaf) -> Any:
    return reduce(lambda value, name: None if value is None else getattr(value, name), leaf.path.split("."), spec)


def _text(value: Any) -> str:
    return canonical_json(value).decode()
