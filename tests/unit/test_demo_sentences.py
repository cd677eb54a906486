"""The demo's last words: what changed, what was reused, how good it is."""

from __future__ import annotations

import pytest

from examples.demo.terminal.decision import Decision
from examples.demo.terminal.sentences import how_good, what_changed, what_was_reused
from simgate.core.documents.artifact import ManifestRef
from simgate.plan.record import TaskLine
from simgate.release.entry import EMPTY, LedgerEntry, LiveModel
from simgate.release.settle import REJECTED
from tests.unit.demo_candidate import CANDIDATE, NOW

REF = ManifestRef(uri="runs/main/train/a/b/manifest.json", sha256="a" * 64)
BEFORE = LiveModel(candidate="1" * 64, engine="2" * 64, evidence={}, since=NOW)
EDIT = "The lamp was moved"


def decided(action: str, why: str, who: str = "release-manager") -> Decision:
    decision = {
        "action": action, "channel": "demo", "subject": CANDIDATE.digest, "who": who, "why": why, "approval": None,
        "policy_sha256": "b" * 64, "decided_at": NOW.isoformat(),
    }  # fmt: skip
    body = {"decision": decision, "after": EMPTY.model_dump(mode="json")}
    place = {"seq": 2, "id": "x", "at": NOW.isoformat(), "previous": None, "sha256": "3" * 64}
    return Decision(CANDIDATE, LedgerEntry.from_value({**body, **place}, what="entry"))


APPROVED = decided("promote", "approved in release_model.navigator x")
TURNED_DOWN = decided("settle", f"{REJECTED}: it hits too much")


@pytest.mark.parametrize(
    ("entry", "is_live", "is_rejected"),
    [
        (APPROVED, True, False),
        (TURNED_DOWN, False, True),
        (decided("settle", REJECTED), False, True),
        (decided("settle", "the gate ended without an approval that counts", "simgate"), False, False),
    ],
)
def test_a_lapse_is_neither_live_nor_rejected(entry: Decision, is_live: bool, is_rejected: bool) -> None:
    assert (entry.is_live, entry.is_rejected) == (is_live, is_rejected)


@pytest.mark.parametrize(
    ("found", "before", "words"),
    [
        (APPROVED, None, ("release-manager approved", "live in channel demo", "the first in its channel")),
        (APPROVED, BEFORE, ("in place of the model of 2026-11-30 20:53:06Z",)),
        (TURNED_DOWN, BEFORE, ("c0ffee000000 is quarantined", "the model of 2026-11-30 20:53:06Z stays live")),
        (TURNED_DOWN, None, ("release-manager rejected", "it hits too much", "still nothing is live")),
        (None, BEFORE, ("moved no byte of the engine that is live",)),
    ],
)
def test_what_changed_says_who_decided_and_what_is_live_now(
    found: Decision | None, before: LiveModel | None, words: tuple[str, ...]
) -> None:
    said = what_changed(EDIT, found, before)
    assert said.startswith(f"{EDIT}; ")
    assert [word for word in words if word not in said] == []


def line(stage: str, outcome: str, **shard: object) -> TaskLine:
    slot = {"stage": stage, **({"shard": shard} if shard else {})}
    return TaskLine.from_value({"slot": slot, "ref": REF.model_dump(), "outcome": outcome}, what="line")


def shard(scene: str, first_episode: int, outcome: str) -> TaskLine:
    return line("generate", outcome, scene=scene, first_episode=first_episode, episodes=6)


def test_shards_are_counted_by_scene_and_runs_named_in_the_pipeline_s_order() -> None:
    lines = [
        line("hil", "made"), shard("home", 0, "made"), shard("home", 6, "made"), shard("office", 0, "reused"),
        line("index", "made"),
    ]  # fmt: skip
    assert what_was_reused(lines) == (
        "1 of 5 runs: 1 shard of office; what they are made of did not change. Made anew: 2 shards of home, index, hil."
    )


def test_a_run_that_was_made_and_then_tried_again_counts_as_made() -> None:
    assert what_was_reused([line("train", "made"), line("train", "reused")]).startswith("Nothing, it was the first")


def test_where_no_stage_ran_everything_was_reused() -> None:
    assert what_was_reused([]) == "Everything: no stage ran."
    assert what_was_reused([line("train", "reused")]).startswith("Everything: all 1 runs were there")


def test_how_good_it_is_stands_beside_the_live_model_where_there_is_one() -> None:
    judged = {"success_rate": 5 / 12, "collision_rate": 7 / 12}
    assert how_good(12, judged, {}, {"safety_trips": 0.0}) == (
        "Of 12 drives in a scene that it never saw it reaches the goal in 42 % and hits something in 58 %; "
        "on the emulated bench the safety monitor tripped 0 times."
    )
    assert "in 42 % (the live model in 50 %)" in how_good(12, judged, {"success_rate": 0.5}, {})
