"""Comparison: candidate and live over the same closed-loop episodes, pair by pair; for the question and for promote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simgate.core.documents.canonical import parse_json
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.store import Store
from simgate.documents.evaluation import Evaluation, Interval
from simgate.documents.pairs import chance_of
from simgate.release.reference import asked
from simgate.specs.bounds import bounds

Episode = tuple[str, int]
"""(scene, number): the same in two runs means the same start, goal, obstacles and lights."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate's results in the episodes that the live model drove too."""

    won: int
    """Episodes in which only the candidate reached its goal."""
    lost: int
    """Episodes in which only the live model did."""
    tied: int
    """Episodes that ended alike."""

    @property
    def p_value(self) -> float:
        """The chance of so many losses if neither model were better."""
        return chance_of(self.lost, self.won)


def compare(store: Store, candidate: Manifest, live: Manifest) -> Comparison:
    """Pair two evaluate runs; InputError where they were asked differently or drove other episodes."""
    if live.spec != candidate.spec:
        raise InputError("the live model was evaluated with another spec than the candidate")
    mine, theirs = successes(store, candidate), successes(store, live)
    if mine.keys() != theirs.keys():
        raise InputError("candidate and live were not driven over the same episodes")
    won = sum(mine[key] and not theirs[key] for key in mine)
    lost = sum(theirs[key] and not mine[key] for key in mine)
    return Comparison(won=won, lost=lost, tied=len(mine) - won - lost)


def worse_figures(store: Store, candidate: Manifest, live: Manifest) -> Iterator[str]:
    """Yield each bounded metric of which the candidate's whole 95 % interval is worse than the live model's."""
    if live.spec != candidate.spec:
        yield "the live model was evaluated with another spec than the candidate"
        return
    mine, theirs = (_evaluation(store, manifest).intervals for manifest in (candidate, live))
    for bound in bounds(asked(candidate)):
        own, other = mine[bound.metric], theirs[bound.metric]
        if own.high < other.low if bound.side == "at least" else own.low > other.high:
            yield f"significantly worse than live: {bound.metric} is {_interval(own)}, live's is {_interval(other)}"


def _interval(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _evaluation(store: Store, evaluate: Manifest) -> Evaluation:
    return Evaluation.from_json(store.read(evaluate.artifact("evaluation.json")), what="evaluation.json")


def successes(store: Store, evaluate: Manifest) -> dict[Episode, bool]:
    """Return for each episode of an evaluate run whether it reached its goal."""
    value = parse_json(store.read(evaluate.artifact("evaluation.json")), what="evaluation.json")
    return {(str(item["scene"]), int(item["episode"])): item["outcome"] == "success" for item in value["episodes"]}
