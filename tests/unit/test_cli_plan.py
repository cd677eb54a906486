"""What `simgate plan` says of a release that nothing starts by itself."""

from __future__ import annotations

from simgate.cli.plan import settled_lines
from simgate.plan.outlook import Line
from simgate.plan.slot_name import SlotName


def line(stage: str, action: str, *moved: str) -> Line:
    return Line(SlotName.model_validate({"stage": stage}), action, moved)  # type: ignore[arg-type]


def test_a_candidate_that_was_proposed_shows_its_bench_run_as_reused() -> None:
    said = settled_lines([line("train", "reuse"), line("evaluate", "reuse"), line("hil", "run", "first time")])
    assert [(x.action, *x.moved) for x in said][-1] == ("reuse", "its candidate is proposed already")


def test_a_release_that_is_at_work_claims_no_candidate() -> None:
    said = settled_lines([line("train", "run", "first time"), line("evaluate", "depends", "train is not committed")])
    assert [(x.action, *x.moved) for x in said] == [
        ("run", "a run is at work"),
        ("depends", "train is not committed"),
    ]
