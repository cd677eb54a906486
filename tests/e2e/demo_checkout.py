"""DemoCheckout: a folder in which `make demo` runs as in a checkout, with small stages instead of the real ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from simgate_airflow.local.standalone import LocalAirflow, find
from tests.e2e.airflow_client import User
from tests.e2e.conftest import HERE, HOURLY, LEAP_DAY, ROOT
from tests.terminal import Terminal

KEPT = ("HOME", "LANG", "PATH", "TMPDIR")


@dataclass(frozen=True)
class DemoCheckout:
    """The checkout and whoever works in it."""

    folder: Path

    def demo(self, *, columns: int = 100, **words: str) -> Terminal:
        """`make demo` in a terminal."""
        return Terminal(self._make("demo", words), cwd=self.folder, environment=self.environment, columns=columns)

    def unattended(self, target: str = "demo", **words: str) -> subprocess.CompletedProcess[str]:
        """The same in a pipe, to its end."""
        return subprocess.run(
            self._make(target, words), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What the demo inherits."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {**kept, "SIMGATE_PYTHON": str(self.folder / "python"), "SIMGATE_POLL_S": "0.5"}

    @property
    def airflow(self) -> LocalAirflow | None:
        """The demo's Airflow, while it runs."""
        return find(self.folder / ".simgate/airflow")

    def user(self, name: str) -> User:
        """An account of the Airflow that runs."""
        assert self.airflow is not None
        return User(self.airflow, name)

    def stop(self) -> None:
        """End what a test left running."""
        with suppress(FileNotFoundError):
            if self.airflow is not None:
                self.airflow.stop()

    def _make(self, target: str, words: dict[str, str]) -> list[str]:
        # `ready` stands in for the stamp of an installation: nothing is installed from here.
        return ["make", "STAMP=ready", *(f"{name}={value}" for name, value in words.items()), target]


def demo_checkout(folder: Path) -> DemoCheckout:
    """Everything that the demo takes from a checkout; DAGs without the clock, so that no run comes between."""
    (folder / "dags").mkdir(parents=True)
    for source in (ROOT / "dags").glob("*.py"):
        (folder / "dags" / source.name).write_text(re.sub(HOURLY, LEAP_DAY, source.read_text()))
    for name in ("plugins", "examples", "Makefile", "pyproject.toml", "constraints.txt"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/simgate").symlink_to(Path(sys.executable).with_name("simgate"))
    program(folder / ".venv/bin/python", sys.executable)
    program(folder / "python", sys.executable, HERE / "small_stages.py")
    (folder / "ready").touch()
    assert shutil.which("make") is not None
    return DemoCheckout(folder)


def program(path: Path, *words: str | Path) -> None:
    """Write a program that runs these words, with whatever it is given behind them."""
    # A link would do for no Python: it looks for its libraries beside itself.
    command = " ".join(f'"{word}"' for word in words)
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
