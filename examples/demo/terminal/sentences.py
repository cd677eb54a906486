"""Sentences: what a release changed, what it reused, and how good its model is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from examples.demo.terminal.decision import CHANNEL, Decision
from simgate.cli.console import short, when
from simgate.plan.record import TaskLine
from simgate.plan.slot_name import SlotName
from simgate.release.entry import LiveModel
from simgate.release.settle import REJECTED
from simgate.rows.stages import STAGES

ORDER = STAGES.names()
Metrics = Mapping[str, float]


def what_changed(edit: str, found: Decision | None, before: LiveModel | None) -> str:
    """Say what was edited, who decided and which model is live now; `before` was live when the question was asked."""
    if found is None:
        return f"{edit}; that moved no byte of the engine that is live, so there was nothing to release."
    if found.is_live:
        place = f"in place of the model of {when(before.since)}" if before else "the first in its channel"
        return f"{edit}; {found.entry.who} approved the model made of it, and it is live in channel {CHANNEL}, {place}."
    stays = f"the model of {when(before.since)} stays live" if before else "still nothing is live"
    barred = f"candidate {short(found.candidate.digest)} is quarantined and never goes live"
    why = "" if found.entry.why == REJECTED else f" ({found.entry.why})"
    return f"{edit}; {found.entry.who} rejected the model made of it{why}: {barred}, and {stays}."


def what_was_reused(lines: Sequence[TaskLine]) -> str:
    """Say which runs were made and which were reused."""
    # The first word about a run counts: a task that was tried again says `reused` of what it had made.
    first = {line.slot: line for line in reversed(lines)}
    outcomes = {line.slot: line.outcome for line in sorted(first.values(), key=lambda line: ORDER.index(line.stage))}
    made, reused = ([slot for slot, outcome in outcomes.items() if outcome == wanted] for wanted in ("made", "reused"))
    if not outcomes:
        return "Everything: no stage ran."
    if not reused:
        return f"Nothing, it was the first time: all {len(made)} runs were made ({_listed(made)})."
    if not made:
        return f"Everything: all {len(reused)} runs were there already ({_listed(reused)})."
    kept = f"{len(reused)} of {len(outcomes)} runs: {_listed(reused)}; what they are made of did not change"
    return f"{kept}. Made anew: {_listed(made)}."


def how_good(drives: int, candidate: Metrics, live: Metrics, bench: Metrics) -> str:
    """Give the main figures of the model, beside those of the live model in the same drives."""
    shares = [
        *_share("reaches the goal in", "success_rate", candidate, live),
        *_share("hits something in", "collision_rate", candidate, live),
    ]
    said = f"Of {drives} drives in a scene that it never saw it {' and '.join(shares)}"
    if "safety_trips" in bench:
        said += f"; on the emulated bench the safety monitor tripped {bench['safety_trips']:.0f} times"
    return said + "."


def _share(said: str, metric: str, candidate: Metrics, live: Metrics) -> list[str]:
    if metric not in candidate:
        return []
    beside = f" (the live model in {_percent(live[metric])})" if metric in live else ""
    return [f"{said} {_percent(candidate[metric])}{beside}"]


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _listed(slots: Sequence[SlotName]) -> str:
    """List shards as a count by scene, and everything else by name."""
    shards = Counter(slot.shard.scene for slot in slots if slot.shard is not None)
    counted = [f"{count} shard{'s' * (count > 1)} of {scene}" for scene, count in sorted(shards.items())]
    return ", ".join([*counted, *(str(slot) for slot in slots if slot.shard is None)])
