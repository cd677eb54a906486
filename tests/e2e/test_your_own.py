"""docs/your-own.md, to the letter: from an empty folder to a live model of a room of one's own, by the real stages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simgate_airflow.local.standalone import find
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.timeout(900)
PAGE = ROOT / "docs/your-own.md"
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)[0].splitlines()
KEPT = ("HOME", "LANG", "PATH", "TMPDIR", "WARP_CACHE_PATH")
RELEASED_S = 600
"""Two minutes on two cores with nothing beside them; the machine may be busy."""


@dataclass
class Reader:
    """Somebody with an empty folder and the page, in a shell."""

    folder: Path

    def types(self, line: str) -> str:
        """Run one line as bash does, in the folder where the last one ended; what it says."""
        place = self.folder / ".pwd"
        words = ["bash", "-c", f'{line}\ncode=$?; pwd > "$PLACE"; exit $code']
        done = subprocess.run(
            words, cwd=self.here, env={**self.environment, "PLACE": str(place)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RELEASED_S,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stdout}"
        return done.stdout

    @property
    def here(self) -> Path:
        """Where the shell stands."""
        place = self.folder / ".pwd"
        return Path(place.read_text().strip()) if place.exists() else self.folder

    @property
    def environment(self) -> dict[str, str]:
        """A shell's, with the checkout's commands on the path and nothing of simgate exported."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}

    def approves(self, said: str) -> None:
        """Log in with what was printed, open the question that waits, and press Approve; see the run to its end."""
        airflow = find(self.here / ".simgate/airflow")
        assert airflow is not None
        account, password = re.findall(r"user (\S+) +password (\S+)", said)[0]
        assert f"  {airflow.url}/required_actions" in said
        assert password == airflow.password(account)
        manager = User(airflow, account)
        run = self._that_waits(manager)
        time.sleep(3)  # Sooner, an answer can fail the run.
        run.answer(manager, "Approve", reason="it drives").raise_for_status()
        assert run.ended(RELEASED_S) == "success", run.failures()

    def _that_waits(self, manager: User) -> Run:
        def waiting() -> list[Run]:
            runs = manager.runs("release_model.navigator")
            return [run for run in runs if run.tasks.get("decide") == "awaiting_input"]

        def told() -> str:
            every = [*manager.runs("build_dataset.rooms"), *manager.runs("release_model.navigator")]
            return "a question; " + "; ".join(f"{run.dag} {run.state}: {run.tasks}" for run in every)

        try:
            wait_for(lambda: bool(waiting()), RELEASED_S, "a question")
        except AssertionError as error:
            raise AssertionError(told()) from error
        return waiting()[0]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    found = Reader(tmp_path)
    yield found
    if (airflow := find(tmp_path / "my-robot/.simgate/airflow")) is not None:
        airflow.stop()


def test_ten_commands_lead_from_an_empty_folder_to_a_live_model_of_a_room_of_ones_own(reader: Reader) -> None:
    assert len(COMMANDS) == 10
    assert COMMANDS[-1] == "simgate live"
    said = [reader.types(line) for line in COMMANDS[:-1]]
    reader.approves(said[-1])
    live = reader.types(COMMANDS[-1]).split()
    assert {"navigator", "lab", "yes"} <= {*live}
    assert "garage/garage.usda" in reader.types("simgate lineage --files")
    assert "release-manager" in reader.types("simgate history")
    reader.types("simgate verify")
    assert "Airflow is stopped" in reader.types("simgate-airflow stop")
    assert "no Airflow of this project runs" in reader.types("simgate-airflow stop")
