from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from simgate.core.documents.canonical import canonical_json
from simgate.core.errors import InputError
from simgate.core.runtime.job import Job
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job
from simgate.plan.record import task_lines
from simgate.plan.slot_name import SlotName
from simgate.specs.index import SceneChoice
from simgate.specs.probe import ProbeSpec
from simgate_airflow.place.stage_mixin import StageMixin
from simgate_airflow.run import run_record
from simgate_airflow.settings import settings
from tests.plugins.wire import Wire
from tests.release_chain import fulfil

FOLDER = "plans/main/demo-run1"


class Place:
    """A place that does to each job what a test says, instead of starting a process."""

    job_uris: tuple[str, ...] = ()

    def __init__(self, work: Callable[[Store, Job], Any]) -> None:
        self.log = logging.getLogger("place")
        self.work = work
        self.jobs: list[Job] = []
        self.ran = 0

    def execute(self, context: Any) -> Any:  # noqa: ARG002
        self.ran += 1
        store = Store(settings().store_url)
        self.jobs = [Job.from_json(store.get(uri), what=uri) for uri in self.job_uris]
        for job in self.jobs:
            self.work(store, job)
        return {"forged": "return value"}

    def trigger_reentry(self, context: Any, event: Any) -> Any:  # noqa: ARG002
        return self.execute(context)


class Probe(StageMixin, Place):  # type: ignore[misc]  # StageMixin stands before an operator; this place is none
    stage, subject, informs = "probe", None, False
    batch: Sequence[dict[str, Any]] | None = None
    seeds: tuple[int, ...] = (1, 2)

    def __init__(self, work: Callable[[Store, Job], Any]) -> None:
        Place.__init__(self, work)

    def slots(self, store: Store, context: Context) -> tuple[Slot, ...]:  # noqa: ARG002
        return tuple(
            Slot(
                SlotName(stage="probe", number=seed),
                make_job("probe", ProbeSpec(seed=seed), [], domain="main", run_record=FOLDER),
            )
            for seed in self.seeds
        )


@pytest.fixture
def store(tmp_path: Path, wire: Wire) -> Store:
    wire({"SIMGATE_STORE": str(tmp_path)})
    return Store(str(tmp_path))


@pytest.fixture
def context() -> Context:
    return cast(
        "Context",
        {
            "dag_run": SimpleNamespace(dag_id="demo", run_id="run1"),
            "ti": SimpleNamespace(task_id="probe", map_index=-1),
        },
    )


def commit(store: Store, job: Job) -> None:
    fulfil(store, job, {"a": b"1"}, [])


def say_no(store: Store, job: Job) -> None:
    fulfil(store, job, {"a": b"1"}, ["no"])


def nothing(store: Store, job: Job) -> None:
    """A place that says that all is well and did nothing."""


def test_only_what_is_not_committed_is_handed_over_and_each_outcome_is_recorded(store: Store, context: Context) -> None:
    other = make_job("probe", ProbeSpec(seed=1), [], domain="main", run_record="plans/main/other")
    fulfil(store, other, {"a": b"1"}, [])
    probe = Probe(commit)
    refs = probe.execute(context)
    assert [job.spec["seed"] for job in probe.jobs] == [2]
    assert len(refs) == 2
    assert {str(line.slot): line.outcome for line in task_lines(store, FOLDER)} == {
        "probe[1]": "reused",
        "probe[2]": "made",
    }


def test_where_all_is_committed_nothing_is_run(store: Store, context: Context) -> None:
    Probe(commit).execute(context)
    again = Probe(commit)
    again.execute(context)
    assert again.ran == 0


def test_a_success_that_the_store_does_not_know_is_a_failure(store: Store, context: Context) -> None:
    with pytest.raises(AirflowException, match="no attempt was begun") as caught:
        Probe(nothing).execute(context)
    assert not isinstance(caught.value, AirflowFailException), "it is worth another try"


def test_a_failure_after_the_commit_is_a_success(store: Store, context: Context) -> None:
    def committed_then_lost(store: Store, job: Job) -> None:
        commit(store, job)
        if job.spec["seed"] == 2:
            raise AirflowException("the pod vanished")

    assert len(Probe(committed_then_lost).execute(context)) == 2


def test_a_fail_verdict_is_recorded_then_fails_without_retry(store: Store, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="verdict FAIL: no"):
        Probe(say_no).execute(context)
    assert len(task_lines(store, FOLDER)) == 2


def test_a_fail_verdict_that_only_informs_fails_nothing(store: Store, context: Context) -> None:
    probe = Probe(say_no)
    probe.informs = True
    assert len(probe.execute(context)) == 2


def test_an_exit_code_can_make_a_failure_final_but_never_a_success(store: Store, context: Context) -> None:
    refused = Probe(nothing)
    refused.exit_code = 2
    with pytest.raises(AirflowFailException, match="refused before an attempt"):
        refused.execute(context)
    fine = Probe(nothing)
    fine.exit_code = 0
    with pytest.raises(AirflowException, match="no attempt was begun"):
        fine.execute(context)


def test_a_deferral_passes_and_the_way_back_is_judged(store: Store, context: Context) -> None:
    def defer(store: Store, job: Job) -> None:
        raise TaskDeferred(trigger=SimpleNamespace(), method_name="trigger_reentry")

    probe = Probe(defer)
    with pytest.raises(TaskDeferred):
        probe.execute(context)
    back = Probe(commit)
    back.job_uris = tuple(store.keys(f"{FOLDER}/jobs"))
    assert len(back.trigger_reentry(context, {"status": "success"})) == 2
    lost = Probe(nothing)
    lost.seeds = (9,)
    with pytest.raises(AirflowException):
        lost.trigger_reentry(context, {"status": "success"})


def test_a_batch_can_name_the_runs_own_slots_and_no_others(store: Store, context: Context) -> None:
    probe = Probe(commit)
    probe.batch = [{"stage": "probe", "number": 2}]
    assert len(probe.execute(context)) == 1
    nine = {"stage": "probe", "number": 9}
    forgeries: list[Any] = ["{{ 7 * 7 }}", "probe[2]", nine, {"stage": "probe"}, None, [[]], 1.5]
    for forged in forgeries:
        probe.batch = [forged]
        with pytest.raises(AirflowFailException, match="no such slots"):
            probe.execute(context)
    probe.batch = []
    assert probe.execute(context) == []


def test_a_run_without_its_own_plan_runs_nothing(store: Store, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="no plan"):
        StageMixinAlone(commit).execute(context)
    why = b'{"kind":"dataset","run":"demo/run-1"}'
    store.create(f"{FOLDER}/why.json", why)
    with pytest.raises(AirflowFailException):
        StageMixinAlone(commit).execute(context)


class StageMixinAlone(StageMixin, Place):  # type: ignore[misc]
    stage, subject, batch, informs = "index", None, None, False

    def __init__(self, work: Callable[[Store, Job], Any]) -> None:
        Place.__init__(self, work)


def test_a_run_whose_folder_another_run_wrote_is_refused(store: Store, context: Context) -> None:
    from simgate.plan.record import DatasetWhy, write_why
    from tests.demo_recipes import demo_dataset_recipe

    recipe = demo_dataset_recipe()
    theirs = DatasetWhy(
        run="demo:run1", domain="main", triggers=(), people=(), pull_request="", snapshot_sha256="0" * 64,
        recipe=recipe, recipe_sha256=recipe.sha256, dataset_seed=1,
        scenes=(SceneChoice(name="office", root="office/office.usda", split="train", episodes=1),),
    )  # fmt: skip
    write_why(store, theirs)
    with pytest.raises(InputError, match="another run has this run's folder"):
        run_record.why_of(store, context)


def test_the_log_ends_with_verdict_two_figures_and_the_page(
    store: Store, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="place")

    class One(Probe):
        seeds = (1,)

    def judged(store: Store, job: Job) -> None:
        verdict = {"verdict": "PASS", "reasons": [], "metrics": {"beyond": 1.0, "command_error": 0.17, "other": 3.0}}
        fulfil(store, job, {"verdict.json": canonical_json({**verdict, "version": 1})})

    One(judged).execute(context)
    (manifest,) = (key for key in store.keys("runs") if key.endswith("/manifest.json"))
    page = f"/simgate/report/{manifest.removeprefix('runs/').removesuffix('/manifest.json')}"
    assert caplog.messages[-1] == f"PASS  beyond 1 · command_error 0.17  {page}"
    Probe(commit).execute(context)
    assert caplog.messages[-1] == "done  2 made · 0 reused  /simgate/task/demo/run1/probe/-1"


def test_the_log_of_a_failure_names_the_page_as_well(
    store: Store, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="place")
    with pytest.raises(AirflowFailException):
        Probe(say_no).execute(context)
    assert caplog.messages[-1] == "FAIL of 2  2 made · 0 reused  /simgate/task/demo/run1/probe/-1"
    probe = Probe(nothing)
    probe.seeds = (7,)
    with pytest.raises(AirflowException):
        probe.execute(context)
    assert caplog.messages[-1] == "not committed  /simgate/task/demo/run1/probe/-1"
