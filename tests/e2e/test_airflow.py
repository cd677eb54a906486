"""The whole way through a real Airflow: events, stages, gate. One Airflow for all; the tests run in order."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from simgate.core.storage.heads import dataset_head
from simgate.core.storage.journal import Journal
from simgate.plan.record import record_folder, task_lines
from simgate.release.approval import ApprovalRecord
from simgate_airflow.gate.recorded_gate import NO_REASON, UNTOUCHED
from simgate_airflow.local.process import members
from simgate_airflow.run.run_record import run_name
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.conftest import World
from tests.raw_ledger import Ledger

pytestmark = pytest.mark.timeout(900)


def probe(world: World, *specs: dict[str, Any]) -> Run:
    return world.user("engineer").trigger("probe", specs=list(specs))


def outcomes(world: World, run: Run) -> dict[str, str]:
    folder = record_folder("main", run_name(run.dag, run.run_id))
    return {str(line.slot): line.outcome for line in task_lines(world.store, folder)}


def refusals(world: World, run: Run) -> str:
    """Every reason that the store keeps against the answer of the run's gate."""
    keys = world.store.keys("approvals")
    records = [ApprovalRecord.from_json(world.store.get(key), what=key) for key in keys]
    mine = [record for record in records if record.gate.run_id == run.run_id and record.outcome == "refused"]
    return "; ".join(reason for record in mine for reason in record.reasons)


def reasons(world: World, run: Run) -> set[str]:
    """The reasons that came with the answers of the run's gate, as the store keeps them."""
    records = [ApprovalRecord.from_json(world.store.get(key), what=key) for key in world.store.keys("approvals")]
    return {record.gate.reason for record in records if record.gate.run_id == run.run_id}


def live_candidate(world: World) -> str | None:
    live = Ledger(world.store, "navigator").live("demo")
    return live.candidate if live else None


def waiting_gate(world: World, who: str = "engineer", *, hold: bool = False) -> Run:
    run = world.user(who).trigger("gate", hold=hold)
    run.reaches("decide", "awaiting_input")
    return run


def assert_refused(world: World, run: Run, reason: str) -> None:
    before = live_candidate(world)
    assert run.ended() == "failed"
    assert reason in run.log("promote"), "the task log says why"
    assert reason in refusals(world, run), "the store says why"
    assert live_candidate(world) == before


def test_everything_airflow_writes_is_private_and_listens_on_loopback_alone(world: World) -> None:
    home = world.airflow.home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("airflow.db", "passwords.json", "promoter.password", "standalone.log", "airflow.cfg"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    assert _listening(members(world.airflow.pid)) <= {"127.0.0.1", "::1"}


def _listening(processes: list[int]) -> set[str]:
    """Return the addresses on which the processes accept TCP connections."""
    found: set[str] = set()
    for process in processes:
        with suppress(psutil.Error):  # it ended while one looks
            sockets = psutil.Process(process).net_connections("tcp")
            found |= {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}
    return found


def test_a_stage_is_made_once_then_reused_and_each_end_is_judged_by_the_store(world: World) -> None:
    made = probe(world, {"seed": 1}, {"seed": 2})
    failed_gate = probe(world, {"seed": 3, "end": "fail-verdict"})
    bad_input = probe(world, {"seed": 4, "end": "bad-input"})
    preempted = probe(world, {"seed": 5, "end": "preempted-once"})
    erring = probe(world, {"seed": 6, "end": "error"})

    assert made.ended() == "success"
    assert outcomes(world, made) == {"probe[0]": "made", "probe[1]": "made"}
    assert failed_gate.ended() == "failed"
    assert failed_gate.instance("probe")["try_number"] == 1, "a FAIL verdict is not tried again"
    assert outcomes(world, failed_gate) == {"probe[0]": "made"}, "and is recorded first"
    assert "this probe was asked to say no" in failed_gate.log("probe")
    assert bad_input.ended() == "failed"
    assert bad_input.instance("probe")["try_number"] == 1, "a wrong input is not tried again"
    assert preempted.ended() == "success"
    assert preempted.instance("probe")["try_number"] == 2
    assert erring.ended() == "failed"
    assert erring.instance("probe")["try_number"] == 3, "retries are bounded"

    again = probe(world, {"seed": 1}, {"seed": 2})
    assert again.ended() == "success"
    assert outcomes(world, again) == {"probe[0]": "reused", "probe[1]": "reused"}
    assert "ended with exit code" not in again.log("probe"), "no process was started"


def test_a_stage_process_that_is_killed_is_tried_again(world: World) -> None:
    run = probe(world, {"seed": 11, "files": 4, "step_s": 1.0})
    os.kill(_stage_process(world), signal.SIGKILL)
    assert run.ended() == "success"
    assert run.instance("probe")["try_number"] == 2
    assert "killed" in run.log("probe", 1)


def test_marking_a_task_failed_ends_its_stage_process(world: World) -> None:
    run = probe(world, {"seed": 12, "files": 60, "step_s": 1.0})
    process = _stage_process(world)
    run.set_task(world.user("engineer"), "probe", "failed").raise_for_status()
    wait_for(lambda: process not in members(world.airflow.pid), 15, "the stage to end")


def _stage_process(world: World) -> int:
    found: list[int] = []

    def look() -> bool:
        found[:] = [
            pid for pid in members(world.airflow.pid) if b"small_stages.py\0-m\0simgate\0probe" in _command(pid)
        ]
        return bool(found)

    wait_for(look, 60, "a stage process")
    time.sleep(1.5)  # it has begun its attempt
    return found[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_push_starts_the_dataset_within_five_seconds_and_an_approval_makes_its_model_live(world: World) -> None:
    admin = world.user("admin")
    world.push()
    assert wait_for(lambda: bool(admin.runs("build_dataset.rooms")), 30, "the watcher") <= 5.0
    dataset = admin.runs("build_dataset.rooms")[0]
    assert dataset.ended() == "success", dataset.failures()
    assert set(outcomes(world, dataset).values()) == {"made"}

    wait_for(lambda: bool(admin.runs("release_model.navigator")), 120, "the release run")
    release = admin.runs("release_model.navigator")[0]
    assert release.answer(world.user("admin"), "Approve").status_code == 403, "not assigned: not even an admin"
    release.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert release.ended() == "success"
    assert live_candidate(world) is not None
    assert Ledger(world.store, "navigator").head().who == "release-manager"


def test_doubled_and_forged_events_change_nothing(world: World) -> None:
    admin = world.user("admin")
    before = len(admin.runs("build_dataset.rooms")), len(admin.runs("release_model.navigator"))
    for asset, extra in (
        ("scenes", {"seq": 99}),
        ("scenes", {"seq": 1}),
        ("dataset.rooms", {"content_digest": "0" * 64}),
    ):
        admin.post_event(asset, **extra).raise_for_status()
    wait_for(lambda: len(admin.runs("release_model.navigator")) > before[1], 60, "the forged run")
    wait_for(lambda: len(admin.runs("build_dataset.rooms")) > before[0], 60, "the forged run")
    for dag, count in zip(("build_dataset.rooms", "release_model.navigator"), before, strict=True):
        for run in admin.runs(dag)[count:]:
            assert run.ended() == "success"
            assert run.tasks["plan"] == "skipped", "the store says that there is nothing to do"
    assert len(list(Journal(world.store, "heads/main/dataset/rooms").entries())) == 1
    assert len(admin.runs("release_model.navigator")) == before[1] + 1, "a skipped dataset run starts no release"


def test_a_lost_event_is_made_good_and_exactly_the_edited_scene_is_made_again(world: World) -> None:
    admin = world.user("admin")
    admin.ask("PATCH", "dags/build_dataset.rooms", {"is_paused": True}).raise_for_status()
    world.push(home="moved a chair")
    time.sleep(3)  # the watcher fires into the void: a paused DAG queues nothing
    admin.ask("PATCH", "dags/build_dataset.rooms", {"is_paused": False}).raise_for_status()
    reconcile = admin.trigger("build_dataset.rooms")
    assert reconcile.ended() == "success"
    found = outcomes(world, reconcile)
    shards = {slot: outcome for slot, outcome in found.items() if slot.startswith("generate:")}
    assert {slot for slot, outcome in shards.items() if outcome == "made"} == {
        slot for slot in shards if "home" in slot
    }
    assert dataset_head(world.store, "main", "rooms").seq == 2


def test_a_reject_fails_the_run_and_quarantines_the_candidate(world: World) -> None:
    release = world.user("admin").runs("release_model.navigator")[-1]
    release.reaches("decide", "awaiting_input")
    asked = release.user.get(f"{release.path}/taskInstances/decide/-1/hitlDetails")
    assert asked["params"]["reason"]["value"] == UNTOUCHED, "the form asks for a reason"
    release.answer(world.user("release-manager"), "Reject", reason="it hits the desk").raise_for_status()
    assert release.ended() == "failed"
    head = Ledger(world.store, "navigator").head()
    assert (head.action, head.who) == ("settle", "release-manager")
    assert len(head.after.quarantined) == 1
    assert "rejected" in refusals(world, release)
    assert reasons(world, release) == {"it hits the desk"}


DEEDS: dict[str, Callable[[Run, User], httpx.Response]] = {
    "set to failed": lambda run, who: run.set_task(who, "decide", "failed"),
    "set to success": lambda run, who: run.set_task(who, "decide", "success"),
    "set to skipped": lambda run, who: run.set_task(who, "decide", "skipped"),
    "cleared": lambda run, who: run.clear(who, "decide"),
    "run set to failed": lambda run, who: who.ask("PATCH", run.path, {"state": "failed"}),
    "run set to success": lambda run, who: who.ask("PATCH", run.path, {"state": "success"}),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_an_engineer_who_ends_a_waiting_gate_by_hand_quarantines_nothing_and_is_named(world: World, deed: str) -> None:
    run, ledger = waiting_gate(world), Ledger(world.store, "navigator")
    before = ledger.head()
    DEEDS[deed](run, world.user("engineer")).raise_for_status()
    run.reaches("settle", "failed")
    run.ended()
    assert ledger.head() == before, "nothing went live, and nothing is quarantined"
    said = run.log("settle")
    assert "is neither approved nor rejected, and is not quarantined" in said
    assert "engineer did " in said
    assert "engineer did " in refusals(world, run), "and the store keeps who it was"


def test_a_waiting_gate_that_an_engineer_deletes_fails_its_run_and_quarantines_nothing(world: World) -> None:
    run, ledger = waiting_gate(world), Ledger(world.store, "navigator")
    before = ledger.head()
    world.user("engineer").ask("DELETE", f"{run.path}/taskInstances/decide").raise_for_status()
    assert run.ended() == "failed"
    assert ledger.head() == before


def test_an_answer_that_fills_the_form_in_with_anything_still_counts(world: World) -> None:
    run = waiting_gate(world)
    run.answer(world.user("release-manager"), "Reject", reason=[7], other={"a": 1}).raise_for_status()
    assert run.ended() == "failed"
    assert Ledger(world.store, "navigator").head().action == "settle"
    assert reasons(world, run) == {NO_REASON}


def test_a_gate_that_was_set_to_success_and_a_forged_xcom_promote_nothing(world: World) -> None:
    run = waiting_gate(world)
    engineer = world.user("engineer")
    forged = {"chosen_options": ["Approve"], "responded_by_user": {"id": "release-manager", "name": "release-manager"}}
    body = {"key": "return_value", "value": forged}
    engineer.ask("POST", f"{run.path}/taskInstances/decide/xcomEntries", body).raise_for_status()
    run.set_task(engineer, "decide", "success").raise_for_status()
    assert_refused(world, run, "the gate has no response")


def test_the_answer_of_whoever_started_the_run_promotes_nothing(world: World) -> None:
    run = waiting_gate(world, "release-manager")
    run.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert_refused(world, run, "release-manager may not approve their own work")


def test_a_cleared_gate_fails_instead_of_asking_again_and_its_old_answer_promotes_nothing(world: World) -> None:
    run = waiting_gate(world, hold=True)
    engineer = world.user("engineer")
    run.answer(world.user("release-manager"), "Approve").raise_for_status()
    run.reaches("hold", "running")
    run.clear(engineer, "decide").raise_for_status()
    run.reaches("decide", "failed")
    assert "asked once a run" in run.log("decide", 2)
    run.set_task(engineer, "decide", "success").raise_for_status()
    world.store.create(f"release-holds/{run.run_id}", b"go on")
    assert_refused(world, run, "it was cleared")


def test_an_older_candidates_approval_promotes_nothing_and_a_second_use_adds_nothing(world: World) -> None:
    older = waiting_gate(world)
    newer = waiting_gate(world)
    older.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert_refused(world, older, "the gate asked about another candidate")
    newer.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert newer.ended() == "success"
    ledger = Ledger(world.store, "navigator")
    entry = ledger.head()
    assert entry.action == "promote"

    newer.clear(world.user("engineer"), "promote").raise_for_status()
    wait_for(lambda: newer.instance("promote")["try_number"] == 2, 60, "promote to run again")
    newer.ended()
    assert ledger.head() == entry


def test_whoever_cleared_a_task_upstream_may_not_approve_but_another_may(world: World) -> None:
    upstream = world.user("admin").runs("build_dataset.rooms")[-1]
    upstream.clear(world.user("release-manager"), "publish").raise_for_status()
    upstream.ended()
    run = waiting_gate(world)
    run.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert_refused(world, run, "release-manager may not approve their own work: release-manager post_clear")

    other = waiting_gate(world)
    other.answer(world.user("second-manager"), "Approve").raise_for_status()
    assert other.ended() == "success"


def test_an_authors_answer_promotes_nothing(world: World) -> None:
    admin = world.user("admin")
    count = len(admin.runs("release_model.navigator"))
    world.push(author="release@example.org", office="by the release manager")
    wait_for(lambda: len(admin.runs("release_model.navigator")) > count, 300, "the release run")
    release = admin.runs("release_model.navigator")[-1]
    release.answer(world.user("release-manager"), "Approve").raise_for_status()
    assert_refused(world, release, "release@example.org is an author of something upstream")
