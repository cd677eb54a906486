"""`make demo` where nothing goes live: rejected, lapsed, failed. Minutes each, so not in `make test`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.airflow_client import wait_for
from tests.e2e.conftest import ROOT
from tests.e2e.demo_checkout import DemoCheckout, demo_checkout
from tests.e2e.test_demo import ends, entries, last_section, newest_candidate

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def hapless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCheckout]:
    """Another one, with a policy and scenes of its own: here nothing goes live."""
    found = demo_checkout(tmp_path_factory.mktemp("hapless") / "checkout")
    (found.folder / "examples").unlink()
    shutil.copytree(ROOT / "examples", found.folder / "examples")
    yield found
    found.stop()


def test_the_first_model_is_rejected_and_the_demo_ends_well_with_nothing_live(hapless: DemoCheckout) -> None:
    terminal = hapless.demo(APPROVE="no")
    assert ends(terminal) == 0
    ending = " ".join(last_section(terminal.screen.text).split())
    assert "answered Reject by the automatic responder (demo-responder)" in terminal.screen.text
    assert "2. Somebody edits one scene" not in terminal.screen.text
    assert f"candidate {newest_candidate(hapless)[:12]} is quarantined" in ending
    assert "still nothing is live" in ending
    assert "What was reused. Nothing, it was the first time" in ending
    assert [entry.who for entry in entries(hapless)] == ["automatic responder (demo-responder)"]
    assert hapless.airflow is not None


def test_a_gate_that_lapses_is_told_plainly_and_fails(hapless: DemoCheckout) -> None:
    policy = hapless.folder / "examples/demo/policy.yaml"
    policy.write_text(
        policy.read_text().replace("allow_automatic: true", "allow_automatic: true\n    candidate_ttl_h: 0.006")
    )
    terminal = hapless.demo()
    assert ends(terminal) != 0
    said = " ".join(terminal.screen.text.split())
    assert "error: nobody decided until 2" in said
    assert (
        f"candidate {newest_candidate(hapless)[:12]} lapsed and never goes live; nothing is live; `make demo`" in said
    )
    assert "Error 1" in said
    assert hapless.airflow is not None, "whoever wants to know why looks there"


def test_a_run_that_fails_shows_the_reason_and_where_to_look(hapless: DemoCheckout) -> None:
    for scenes in ("examples/demo/scenes", ".simgate/demo-scenes"):  # The demo's own copy is there once a demo has run.
        if (hapless.folder / scenes).exists():
            (hapless.folder / scenes / "home/broken.usda").write_text("#usda 1.0\n")
    terminal = hapless.demo()
    assert ends(terminal) != 0
    said = terminal.screen.text
    assert "task validate of build_dataset.rooms failed; the end of its log:" in said
    assert "scene home is broken" in said
    page = re.search(r"^  its page +(http://\S+/dags/build_dataset.rooms/runs/\S+/tasks/validate)$", said, re.MULTILINE)
    log = re.search(r"^  the whole log +(/\S+)$", said, re.MULTILINE)
    assert page is not None
    assert log is not None
    assert Path(log[1]).exists()
    assert "Error 1" in said
    assert hapless.airflow is not None
    assert "Airflow is stopped" in hapless.unattended("demo-stop").stdout
    wait_for(lambda: hapless.airflow is None, 30, "Airflow to stop")
