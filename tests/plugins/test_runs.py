"""The tasks around the stages, over a store in which small stages ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import dataset_head, push_scenes
from simgate.core.storage.store import Store
from simgate.plan.jobs import slots, write_jobs
from simgate.plan.record import DatasetWhy, read_why, task_lines
from simgate.release.approval import REJECT, ApprovalRecord
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.policy import Policy
from simgate.release.softening import softenings
from simgate_airflow.gate import promotion, question
from simgate_airflow.run import dataset_run, release_run, run_record
from simgate_airflow.run.assets import dataset_asset
from tests.demo_recipes import RECIPES, demo_dataset_recipe, demo_release_recipe
from tests.e2e import small_stages
from tests.e2e.conftest import POLICY, ROOT
from tests.plugins.wire import Wire
from tests.raw_ledger import Ledger
from tests.release_chain import answer

DATASET = dataset_asset("rooms")


@pytest.fixture
def store(tmp_path: Path, wire: Wire) -> Store:
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    wire(
        {
            "SIMGATE_STORE": str(tmp_path / "store"),
            "SIMGATE_POLICY": str(tmp_path / "policy.yaml"),
            "SIMGATE_MAX_BATCHES": "2",
            "SIMGATE_RECIPES": str(RECIPES),
        }
    )
    return Store(str(tmp_path / "store"))


def context(dag_id: str, run_id: str, *, kind: str = "scheduled", who: str | None = None) -> Context:
    recipe = demo_dataset_recipe() if dag_id == "build_dataset.rooms" else demo_release_recipe()
    run = SimpleNamespace(
        dag_id=dag_id, run_id=run_id, run_type=kind, triggering_user_name=who, run_after=datetime.now(UTC),
        consumed_asset_events=[],
    )  # fmt: skip
    return cast(
        "Context",
        {
            "dag_run": run, "params": {"recipe": recipe.model_dump(mode="json")},
            "outlet_events": {DATASET: SimpleNamespace(extra={})},
        },
    )  # fmt: skip


def push(store: Store, folder: Path, *broken: str) -> None:
    for scene in ("office", "home", "warehouse"):
        path = folder / scene / f"{scene}.usda"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#usda 1.0 {scene}")
        if scene in broken:
            (folder / scene / "broken.usda").write_text("#usda 1.0")
    push_scenes(store, "main", folder, author="scenes@example.org", message="test")


def make(store: Store, run: Context, *stages: str) -> None:
    folder = run_record.folder_of(run)
    for stage in stages:
        jobs = [word for uri in write_jobs(store, folder, slots(store, folder, stage)) for word in ("--job", uri)]
        assert small_stages.run(["-m", "simgate", stage, *jobs, "--out", store.url]) == 0


def test_a_run_names_the_pushed_scenes_that_no_recipe_takes(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    push(store, tmp_path / "scenes")
    dataset_run.plan(context("build_dataset.rooms", "r1"))
    assert not caplog.messages
    for name in ("lab", "shed"):
        (tmp_path / f"scenes/{name}").mkdir()
        (tmp_path / f"scenes/{name}/{name}.usda").write_text("#usda 1.0")
    push(store, tmp_path / "scenes")
    dataset_run.plan(context("build_dataset.rooms", "r2"))
    assert caplog.messages == ["no recipe takes lab, shed: nothing is made of it; add it to a recipe's `scenes`"]


def built(store: Store, folder: Path, run_id: str) -> Context:
    run = context("build_dataset.rooms", run_id)
    push(store, folder)
    dataset_run.plan(run)
    make(store, run, "index", "generate", "validate")
    return run


def test_a_plan_names_its_run_its_people_and_what_set_it_off(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes")
    folder = dataset_run.plan(
        context("build_dataset.rooms", "manual__2026-01-01T00:00:00+00:00", kind="manual", who="engineer")
    )
    why = read_why(store, folder)
    assert isinstance(why, DatasetWhy)
    assert run_record.airflow_run(why.run) == ("build_dataset.rooms", "manual__2026-01-01T00:00:00+00:00")
    assert set(why.people) == {"engineer", "scenes@example.org"}
    assert [trigger.kind for trigger in why.triggers] == ["manual", "push"]


def test_no_release_is_planned_of_a_robot_that_the_family_cannot_command(store: Store, tmp_path: Path) -> None:
    (tmp_path / "scenes/home").mkdir(parents=True)
    (tmp_path / "scenes/home/sliding.usda").write_text("#usda 1.0")
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    said = "scene home: a navigator cannot command its robot, got a holonomic base, expected a differential base; leave"
    with pytest.raises(AirflowFailException, match=said):
        release_run.plan(context("release_model.navigator", "scheduled__1"))
    assert not store.keys("plans/main/release")


def test_a_plan_task_that_runs_again_keeps_the_plan_that_is_there(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes")
    run = context("build_dataset.rooms", "scheduled__1")
    folder = dataset_run.plan(run)
    before = store.get(f"{folder}/why.json")
    assert dataset_run.plan(run) == folder
    assert store.get(f"{folder}/why.json") == before


def test_batches_hold_what_is_missing_and_one_empty_batch_where_nothing_is(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes")
    run = context("build_dataset.rooms", "scheduled__1")
    dataset_run.plan(run)
    make(store, run, "index")
    cut = dataset_run.batches(run, "generate")
    assert len(cut) == 2
    assert sum(len(batch) for batch in cut) == 5
    make(store, run, "generate")
    assert dataset_run.batches(run, "generate") == [[]]
    assert len(task_lines(store, run_record.folder_of(run))) == 5


def test_new_content_is_published_and_told_once_and_a_retry_tells_it_again(store: Store, tmp_path: Path) -> None:
    run = built(store, tmp_path / "scenes", "scheduled__1")
    said = dataset_run.publish(run)
    assert run["outlet_events"][DATASET].extra == said
    assert dataset_run.publish(run) == said, "the same run, after a crash between the head and the event"
    with pytest.raises(AirflowSkipException, match="judged already"):
        dataset_run.plan(context("build_dataset.rooms", "scheduled__2"))
    assert dataset_head(store, "main", "rooms").seq == 1


def test_a_dataset_that_failed_is_not_published_though_its_task_was_set_to_success(
    store: Store, tmp_path: Path
) -> None:
    push(store, tmp_path / "scenes", "home")
    run = context("build_dataset.rooms", "scheduled__1")
    dataset_run.plan(run)
    with pytest.raises(AirflowFailException, match="not committed"):
        dataset_run.publish(run)
    make(store, run, "index", "generate", "validate")
    with pytest.raises(AirflowFailException, match="scene home is broken"):
        dataset_run.publish(run)
    assert dataset_head(store, "main", "rooms") is None


def test_the_gate_asks_the_policys_people_about_the_runs_own_candidate_once_it_is_the_newest(
    store: Store, tmp_path: Path
) -> None:
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    run = context("release_model.navigator", "manual__1", kind="manual", who="engineer")
    run["params"]["recipe"]["at_least"]["map_50"] = 0.0
    release_run.plan(run)
    with pytest.raises(AirflowFailException, match="no candidate"):
        question.question(run)
    make(store, run, "train", "evaluate", "export", "hil")
    assert release_run.compare(run) == "the engine is new"
    digest = release_run.propose_candidate(run)
    assert release_run.propose_candidate(run) == digest, "a retry proposes nothing new"
    asked = question.question(run)
    assert digest in asked.subject
    assert {user["id"] for user in asked.assigned_users} == {"release-manager", "second-manager"}
    assert "`at_least.map_50` is `0.0` (in its file `" in asked.body
    assert "emulated" in asked.body
    assert "scene-author (`scenes@example.org`)" in asked.body

    newer = context("release_model.navigator", "manual__2", kind="manual", who="engineer")
    release_run.plan(newer)
    make(store, newer, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(newer)
    with pytest.raises(AirflowFailException, match="superseded"):
        question.question(run)


def proposed(store: Store, folder: Path) -> Context:
    """A release run whose candidate waits."""
    dataset_run.publish(built(store, folder, "scheduled__1"))
    run = context("release_model.navigator", "manual__1", kind="manual", who="engineer")
    release_run.plan(run)
    make(store, run, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(run)
    return run


def candidate_of(store: Store) -> CandidateEntry:
    entry = candidates(store, "navigator", "demo").newest()
    assert entry is not None
    return entry


def test_a_run_that_proposed_nothing_has_nothing_to_settle(store: Store) -> None:
    with pytest.raises(AirflowSkipException, match="nothing to settle"):
        promotion.settle(context("release_model.navigator", "manual__1", kind="manual", who="engineer"))


def test_a_gate_that_never_asked_promotes_nothing_quarantines_nothing_and_is_asked_about_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = proposed(store, tmp_path / "scenes")
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: None)
    by_clock = context("release_model.navigator", "scheduled__1")
    with pytest.raises(AirflowSkipException, match="nothing to do"):
        release_run.plan(by_clock)
    with pytest.raises(AirflowFailException, match="the gate has no response"):
        promotion.promote(run)
    with pytest.raises(AirflowFailException, match="is not quarantined: nobody answered"):
        promotion.settle(run)
    assert Ledger(store, "navigator").head() is None
    assert release_run.plan(by_clock), "the next run by the clock proposes it anew"


def test_a_candidate_that_lapsed_is_quarantined_whoever_ended_its_gate(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = proposed(store, tmp_path / "scenes")
    entry = candidate_of(store)
    lapsed = replace(entry, candidate=entry.candidate.model_copy(update={"expires_at": entry.at}))
    monkeypatch.setattr(promotion, "own_candidate", lambda *_arguments: lapsed)
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: None)
    promotion.settle(run)
    assert Ledger(store, "navigator").head().action == "settle"


def test_a_gate_that_was_cleared_after_its_candidate_went_live_is_settled_already(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = proposed(store, tmp_path / "scenes")
    gate = answer(candidate_of(store), responder_id="release-manager", assigned_ids=())
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: gate)
    promotion.promote(run)
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: gate.model_copy(update={"try_number": 2}))
    with pytest.raises(AirflowSkipException, match="the candidate is live"):
        promotion.settle(run)


def test_the_reason_of_a_reject_is_kept_with_the_answer_and_nobody_is_asked_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = proposed(store, tmp_path / "scenes")
    said = {"chosen_options": (REJECT,), "reason": "it hits the desk", "responder_id": "release-manager"}
    gate = answer(candidate_of(store), **said)
    monkeypatch.setattr(promotion, "gate_of", lambda *_arguments: gate)
    promotion.settle(run)
    with pytest.raises(AirflowSkipException, match="nothing to do"):
        release_run.plan(context("release_model.navigator", "scheduled__1"))
    (key,) = store.keys("approvals")
    assert ApprovalRecord.from_json(store.get(key), what=key).gate.reason == "it hits the desk"


@pytest.mark.parametrize(
    ("changes", "softer"), [({}, []), ({"at_least": {"map_50": 0.0, "success_gain": 0.2}}, ["at_least.map_50"])]
)
def test_what_the_demo_plans_is_no_softer_than_the_shipped_channel_and_a_softer_run_is_named(
    store: Store, tmp_path: Path, changes: dict[str, Any], softer: list[str]
) -> None:
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    run = context("release_model.navigator", "manual__1", kind="manual", who="engineer")
    run["params"]["recipe"] |= changes
    release_run.plan(run)
    make(store, run, "train", "evaluate", "export", "hil")
    release_run.propose_candidate(run)
    entry = candidates(store, "navigator", "demo").newest()
    found = {role: read_manifest(store, ref) for role, ref in entry.candidate.evidence.items()}
    channel = Policy.load(ROOT / "examples/demo/policy.yaml").channels["demo"]
    assert [item.field for item in softenings(store, channel, found)] == softer
