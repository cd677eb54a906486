"""`make demo` as a person has it: in a terminal, answered in the browser; and in a pipe, answered by the responder."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from examples.demo.terminal.decision import Decisions
from examples.demo.terminal.site import Site
from simgate.release.entry import LedgerEntry
from tests.e2e.demo_checkout import DemoCheckout, demo_checkout
from tests.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.timeout(900)
GATE = re.compile(
    r"^  (http://\S+/dags/(release_model\.navigator)/runs/(\S+)/tasks/(\w+)/required_actions)$", re.MULTILINE
)
RELEASED_S = 600
"""A dataset and a release with small stages are half a minute; the machine may be busy, and Airflow has to start."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCheckout]:
    """The tests that take it tell one story, in this order."""
    found = demo_checkout(tmp_path_factory.mktemp("demo") / "checkout")
    yield found
    found.stop()


def entries(checkout: DemoCheckout) -> list[LedgerEntry]:
    return Decisions(Site(checkout.folder)).entries()


def newest_candidate(checkout: DemoCheckout) -> str:
    return Decisions(Site(checkout.folder)).proposed()[-1].digest


def gates(terminal: Terminal, count: int) -> re.Match[str]:
    """Wait for the count-th question; where it is answered."""
    terminal.sees("(?:(?s:.)*/required_actions){" + str(count) + "}", RELEASED_S)
    return list(GATE.finditer(terminal.screen.text))[count - 1]


def answer(checkout: DemoCheckout, terminal: Terminal, count: int, option: str, reason: str) -> None:
    """What the release manager does in the browser, with what the terminal says and nothing else."""
    question = gates(terminal, count)
    said = re.findall(r"user (\S+) +password (\S+)", terminal.screen.text)[-1]
    manager = checkout.user(said[0])
    assert checkout.airflow is not None
    assert said[1] == checkout.airflow.password(said[0])
    time.sleep(3)  # Sooner, an answer can fail the run.
    path = f"dags/{question[2]}/dagRuns/{quote(question[3], safe='')}/taskInstances/{question[4]}/-1/hitlDetails"
    body = {"chosen_options": [option], "params_input": {"reason": reason}}
    manager.ask("PATCH", path, body).raise_for_status()


def ends(terminal: Terminal) -> int:
    try:
        return terminal.ends(RELEASED_S)
    finally:
        terminal.close()


def last_section(text: str) -> str:
    return text.partition("3. The result")[2]


def test_a_person_approves_the_first_model_and_rejects_the_second(checkout: DemoCheckout) -> None:
    terminal = checkout.demo(columns=120)
    answer(checkout, terminal, 1, "Approve", "it drives")
    first = newest_candidate(checkout)
    answer(checkout, terminal, 2, "Reject", "the lamp is in the way")
    assert ends(terminal) == 0, "a reject is a good end"

    said, second = terminal.screen.text, newest_candidate(checkout)
    assert [entry.action for entry in entries(checkout)] == ["promote", "settle"]
    for digest in (first, second):
        assert re.search(rf"^  http://\S+/simgate/candidate/navigator/demo/{digest}$", said, re.MULTILINE), said
    ending = " ".join(last_section(said).split())
    assert "release-manager rejected the model made of it" in ending
    assert f"candidate {second[:12]} is quarantined and never goes live, and the model of 2" in ending
    assert re.search(r"What was reused\. 4 of 12 runs: 2 shards of office, 1 shard of warehouse, evaluate:live", ending)
    assert "Of 12 drives in a scene that it never saw it reaches the goal in 100 %" in ending
    assert ending.index("What changed.") < ending.index("Where to look") < ending.index("What to do next")
    assert checkout.airflow is not None, "it stays up under the browser"


def test_the_next_demo_shows_its_progress_in_place_and_ctrl_c_at_its_gate_leaves_a_clear_word(
    checkout: DemoCheckout,
) -> None:
    before = entries(checkout)
    terminal = checkout.demo(columns=80)
    gates(terminal, 1)
    terminal.press(CTRL_C)
    assert ends(terminal) != 0
    said, screen = terminal.screen.text, terminal.screen.lines
    assert "Airflow runs already at" in said
    assert "release-manager rejected the model of this dataset on" in said
    assert "the dataset of these scenes is published already" in said
    words = " ".join(said.split())
    assert "The question is still open: nobody decided, nothing changed, and the next demo asks again; the" in words
    assert "stays live. " in words
    assert words.index("Airflow is stopped") < words.index("interrupted; the next demo reuses what is made")
    assert "Error 130" in said
    assert "Traceback" not in said
    rows = [line for line in screen if re.match(r" \S  (train|validate) ", line)]
    assert len(rows) == 2, "each task has one row, which changes in place"
    assert "\x1b[1A" in terminal.raw
    assert max(map(len, screen)) <= 80
    assert entries(checkout) == before
    assert checkout.airflow is None


def test_after_ctrl_c_the_question_is_asked_again_and_in_a_pipe_the_responder_answers(checkout: DemoCheckout) -> None:
    done = checkout.unattended(APPROVE="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr, "colours and cursor moves are for terminals"
    assert "an earlier demo ended before its release: engineer starts release_model.navigator by hand" in done.stdout
    actions = [(entry.action, entry.who) for entry in entries(checkout)[2:]]
    assert actions == [("promote", "automatic responder (demo-responder)")] * 2
    ending = last_section(done.stdout)
    assert "it is live in channel demo, in place of the model of" in ending
    assert "What the live model was made from" in ending
    assert re.search(r"^  report of validate\n    file:///\S+/report\.html$", ending, re.MULTILINE) is not None
    assert "simgate rollback" in ending
    assert "Airflow is stopped" in done.stdout
    assert "no Airflow of a demo runs here" in checkout.unattended("demo-stop").stdout
