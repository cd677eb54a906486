"""Stages on this machine: the store says how they ended, as it does in Airflow; the command only translates it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.cli import stages
from simgate.cli.child import Child, Listener
from simgate.core.errors import InputError, SimgateError
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job
from simgate.plan.record import task_lines
from simgate.plan.slot_name import SlotName
from simgate.specs.probe import ProbeSpec
from tests.release_chain import fulfil

FOLDER = "plans/main/here"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def slot(number: int, spec: ProbeSpec) -> Slot:
    return Slot(SlotName(stage="probe", number=number), make_job("probe", spec, [], domain="main", run_record=FOLDER))


def walk(store: Store, monkeypatch: pytest.MonkeyPatch, *specs: ProbeSpec) -> None:
    wanted = tuple(slot(number, spec) for number, spec in enumerate(specs))
    monkeypatch.setattr(stages, "slots", lambda _store, _folder, _stage: wanted)
    stages.walk(store, FOLDER, "probe", workers=2)


def outcomes(store: Store) -> dict[str, str]:
    return {str(line.slot): line.outcome for line in task_lines(store, FOLDER)}


def test_what_was_made_is_recorded_though_another_slot_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = (ProbeSpec(seed=1, files=1), ProbeSpec(seed=2, files=1, end="bad-input"))
    with pytest.raises(SimgateError, match=r"stage probe failed: probe\[1\]: its input is wrong") as caught:
        walk(store, monkeypatch, *specs)
    assert caught.value.exit_code == InputError.exit_code
    assert outcomes(store) == {"probe[0]": "made"}


def test_a_gate_that_says_no_is_recorded_and_ends_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(stages.GateSaidNo, match=r"probe\[0\]: verdict FAIL: .*\(kept: runs/main/probe/"):
        walk(store, monkeypatch, ProbeSpec(seed=1, files=1, end="fail-verdict"))
    assert outcomes(store) == {"probe[0]": "made"}


def nothing(_stage: str, _batches: object, _url: str, _listener: Listener) -> list[Child]:
    """Processes that all exit 0 and did nothing."""
    return []


def test_a_success_that_the_store_does_not_know_is_a_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "run_batches", nothing)
    with pytest.raises(SimgateError, match="no attempt was begun") as caught:
        walk(store, monkeypatch, ProbeSpec(seed=1))
    assert caught.value.exit_code == 1


def test_what_another_run_committed_meanwhile_is_reused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ProbeSpec(seed=1)
    theirs = make_job("probe", spec, [], domain="main", run_record="plans/main/theirs")

    def theirs_first(_stage: str, _batches: object, _url: str, _listener: Listener) -> list[Child]:
        fulfil(store, theirs, {"a": b"1"}, [])
        return []

    monkeypatch.setattr(stages, "run_batches", theirs_first)
    walk(store, monkeypatch, spec)
    assert outcomes(store) == {"probe[0]": "reused"}
