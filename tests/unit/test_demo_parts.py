"""The demo's parts: rows of a run, the reason of a failure, the gate's answer, the edit, one demo at a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from examples.demo.terminal.addresses import candidate_page, gate_page, run_page, task_page
from examples.demo.terminal.api import Api, TaskState
from examples.demo.terminal.board import Board, Row
from examples.demo.terminal.command import answer_of
from examples.demo.terminal.edit import EDITED_FILE, move_lamp
from examples.demo.terminal.failure import failure
from examples.demo.terminal.follow import rows
from examples.demo.terminal.gate import REASON, Gate
from examples.demo.terminal.site import Site, this_site
from examples.demo.terminal.task_log import DagRun, log_path
from examples.demo.terminal.wait import TookTooLong, wait_for
from simgate.core.errors import InputError, SimgateError
from simgate_airflow.rest import Writer
from tests.unit.demo_candidate import CANDIDATE

RUN = DagRun("build_dataset.rooms", "asset_triggered__2026-11-21T01:00:00+00:00_x")
LAMP = """#usda 1.0
def Xform "World"
{
    def Xform "floor_lamp_0"
    {
        double3 xformOp:translate = (3.6, -2.62, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
}
"""


def task(name: str, state: str, map_index: int = -1, *, seconds: float = 1.0) -> TaskState:
    ended = datetime.now(UTC) if state in ("success", "failed") else None
    return TaskState(name, map_index, state, datetime.now(UTC) - timedelta(seconds=seconds), ended, 1)


def write_log(logs: Path, item: TaskState, *lines: object) -> None:
    path = log_path(logs, RUN, item)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_rows_come_in_the_pipelines_order_and_join_mapped_tasks(tmp_path: Path) -> None:
    states = [
        task("validate", ""),
        task("generate", "success", 0),
        task("generate", "running", 1),
        task("plan", "success"),
    ]
    found = rows(states, tmp_path, RUN)
    assert [row.task for row in found] == ["plan", "generate", "validate"]
    assert (found[1].state, found[1].count) == ("running", "1/2")


def test_a_running_task_shows_its_last_progress(tmp_path: Path) -> None:
    running = task("generate", "running", 0)
    write_log(tmp_path, running, {"event": "20/120 frames"}, {"event": "40/120 frames"}, {"event": "a note"})
    assert rows([running], tmp_path, RUN)[0].detail == "40/120 frames"


def test_a_failure_names_the_task_and_shows_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = task("index", "failed")
    write_log(tmp_path, failed, {"event": "opening"}, {"event": "index: InputError: prim /World/rug has no texture"})
    error = failure("http://airflow", [task("plan", "success"), failed], tmp_path, RUN)
    said = capsys.readouterr().err
    assert "index" in str(error)
    assert "no texture" in str(error)
    assert "  | opening" in said
    assert str(log_path(tmp_path, RUN, failed)) in said
    assert task_page("http://airflow", RUN.dag, RUN.run, "index") in said


class FakeAirflow:
    """The few routes of Airflow's API that the gate needs."""

    def __init__(self) -> None:
        self.answers: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        if request.method == "PATCH":
            self.answers.append(json.loads(request.content))
            return httpx.Response(200, json={})
        return httpx.Response(200, json={"response_received": bool(self.answers)})


def gate_on(airflow: FakeAirflow, *, answer: str) -> Gate:
    api = Api("http://airflow", "demo-responder", "secret", transport=httpx.MockTransport(airflow))
    return Gate(api, RUN, "http://airflow", "manager-password", answer, lambda: CANDIDATE)


@pytest.mark.parametrize("answer", ["Approve", "Reject"])
def test_the_responder_answers_once_and_not_before_the_gate_has_settled(
    monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    airflow = FakeAirflow()
    gate = gate_on(airflow, answer=answer)
    clock = iter([100.0, 101.0, 102.9, 103.1, 103.2])
    monkeypatch.setattr("examples.demo.terminal.gate.time.monotonic", lambda: next(clock))
    board = Board.__new__(Board)
    monkeypatch.setattr(Board, "say", lambda _self, _line: None)
    answered = []
    for _ in range(5):
        gate(board)
        answered.append(len(airflow.answers))
    assert answered == [0, 0, 0, 1, 1]
    assert airflow.answers == [{"chosen_options": [answer], "params_input": {"reason": REASON}}]


def test_a_late_answer_is_asked_for_again_and_an_order_is_given_once() -> None:
    asked: list[str] = []

    def late(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        asked.append(request.method)
        if request.method == "PATCH" or len(asked) < 3:
            raise httpx.ReadTimeout("late")
        return httpx.Response(200, json={"state": "running"})

    api = Api("http://airflow", "engineer", "secret", transport=httpx.MockTransport(late))
    assert api.run_state(RUN.dag, RUN.run) == "running"
    assert asked == ["GET"] * 3
    with pytest.raises(SimgateError, match="does not answer"):
        api.answer_gate(RUN.dag, RUN.run, "Approve", "it drives")
    assert asked == ["GET"] * 3 + ["PATCH"]


def test_a_refused_login_is_no_answer_to_the_order_and_the_order_is_not_sent() -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(403, json={})

    writer = Writer("http://airflow", "mallory", lambda: "guess", httpx.MockTransport(refuse))
    with pytest.raises(SimgateError, match="refuses the account mallory"):
        writer.ask("PATCH", "dags/x", {})
    assert asked == ["/auth/token"]


def test_with_a_person_there_the_gate_is_shown_and_never_answered(capsys: pytest.CaptureFixture[str]) -> None:
    airflow = FakeAirflow()
    gate = gate_on(airflow, answer="")
    with Board("release") as board:
        for _ in range(3):
            gate(board)
    said = capsys.readouterr().out
    assert airflow.answers == []
    assert said.count("manager-password") == 1
    assert "release-manager" in said
    for page in (
        candidate_page("http://airflow", CANDIDATE.digest),
        run_page("http://airflow", RUN.dag, RUN.run),
        gate_page("http://airflow", RUN.dag, RUN.run),
    ):
        assert said.splitlines().count(f"  {page}") == 1, "alone in its line, so that it can be copied and clicked"


def test_a_page_s_address_is_quoted_part_by_part() -> None:
    page = run_page("http://airflow", "release_model.navigator", "manual__2026-11-30T20:52:51+00:00_a/b")
    assert page == "http://airflow/simgate/run/release_model.navigator/manual__2026-11-30T20%3A52%3A51%2B00%3A00_a%2Fb"
    assert candidate_page("http://airflow", "c0ffee").endswith("/simgate/candidate/navigator/demo/c0ffee")


@pytest.mark.parametrize(
    ("word", "attended", "answer"),
    [
        ("", True, ""),
        ("", False, "Approve"),
        ("yes", True, "Approve"),
        ("YES", False, "Approve"),
        ("no", True, "Reject"),
        ("no", False, "Reject"),
    ],
)
def test_approve_says_what_the_responder_answers(word: str, attended: bool, answer: str) -> None:
    assert answer_of(word, attended=attended) == answer


def test_an_unclear_word_is_refused_and_approves_nothing() -> None:
    with pytest.raises(InputError, match="APPROVE is unclear, got maybe, expected yes, no, or nothing"):
        answer_of("maybe", attended=False)


def test_a_log_gets_a_line_for_each_change_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Board("build_dataset.rooms") as board:
        for state in ("queued", "running", "running", "success"):
            board.update([Row("index", state, 0, 1, 2.0, "")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2:4] for line in lines[1:]] == [["index", "running"], ["index", "success"]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    (site.samples / "home").mkdir(parents=True)
    (site.samples / "author").mkdir()
    (site.samples / EDITED_FILE).write_text(LAMP)
    (site.samples / "author" / "build.py").write_text("")
    site.begin()
    site.copy_scenes()
    return site


def test_every_edit_moves_the_lamp_to_another_place_in_the_copy_alone(site: Site) -> None:
    sample = site.samples
    seen = set()
    for number in range(5):
        assert "floor_lamp_0" in move_lamp(site.scenes, sample, number)
        seen.add((site.scenes / EDITED_FILE).read_text())
    assert len(seen) == 5
    assert (sample / EDITED_FILE).read_text() == LAMP
    assert not (site.scenes / "author").exists()


def test_the_demos_folder_is_the_operators_alone(site: Site) -> None:
    assert site.root.stat().st_mode & 0o777 == 0o700


def test_a_demo_that_was_cut_short_is_noticed_by_the_next(site: Site) -> None:
    assert site.begin() is True
    site.finish()
    assert site.begin() is False


def test_two_demos_in_one_checkout_are_refused(site: Site) -> None:
    with site.alone(), pytest.raises(InputError, match="runs here already"), site.alone():
        pass


def test_the_demo_wants_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="checkout"):
        this_site()


def test_waiting_ends_with_the_answer_or_with_the_limit() -> None:
    answers = iter([None, "here"])
    assert wait_for("waiting", lambda: next(answers), limit_s=10) == "here"
    with pytest.raises(TookTooLong, match="nothing came"):
        wait_for("waiting", lambda: None, limit_s=0.1)
