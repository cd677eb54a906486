"""The Makefile with a fake Python: what it says, in which order, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = """#!/bin/bash
echo "Resolved 250 packages in 1.00s" >&2
sleep {seconds}
for number in $(seq 400); do echo " + package-$number==1.0" >&2; done
exit {code}
"""
PYTHON = """#!/bin/bash
case "$*" in
    *"-m not alone"*) echo "FIRST HALF"; exit {first};;
    *"-m alone"*) echo "SECOND HALF"; exit {second};;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a .venv of programs that do nothing."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    program(tmp_path, "python", PYTHON.format(first=0, second=0))
    program(tmp_path, "uv", UV.format(seconds=0, code=0))
    return tmp_path


def program(checkout: Path, name: str, text: str) -> None:
    path = checkout / ".venv/bin" / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, timeout=120
    )


def test_an_installation_says_what_it_does_in_a_few_lines_and_keeps_the_rest_in_a_log(checkout: Path) -> None:
    done = make(checkout, "setup")
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert len(lines) <= 8, lines
    assert "set-up 3/3: installing what constraints.txt pins" in done.stdout
    assert "400 packages changed" in done.stdout
    assert " + package-400==1.0" in (checkout / ".venv/install.log").read_text(encoding="utf-8")
    assert make(checkout, "setup").stdout == "make: Nothing to be done for 'setup'.\n"


def test_a_long_installation_shows_how_far_it_is(checkout: Path) -> None:
    program(checkout, "uv", UV.format(seconds=3, code=0))
    done = make(checkout, "setup", "EVERY_S=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("… Resolved 250 packages") == 1


def test_a_failed_installation_shows_its_log_and_is_no_installation(checkout: Path) -> None:
    program(checkout, "uv", UV.format(seconds=0, code=3))
    done = make(checkout, "setup")
    assert done.returncode != 0
    assert "Resolved 250 packages" in done.stderr
    assert "== failed with 3" in done.stderr
    assert not list((checkout / ".venv").glob(".ready-*"))


@pytest.mark.parametrize(
    ("first", "second", "good", "said"),
    [
        (0, 0, True, ""),
        (0, 5, True, ""),
        (5, 0, True, ""),
        (1, 0, False, "failed: what runs side by side (pytest said 1)"),
        (0, 1, False, "failed: what keeps time (pytest said 1)"),
        (2, 1, False, "failed: what keeps time (pytest said 1)"),
    ],
)
def test_both_halves_of_the_tests_run_and_either_one_fails_them(
    checkout: Path, first: int, second: int, good: bool, said: str
) -> None:
    assert make(checkout, "setup").returncode == 0
    program(checkout, "python", PYTHON.format(first=first, second=second))
    done = make(checkout, "test", "-o", "browser")
    assert (done.returncode == 0) == good, done.stderr
    assert "FIRST HALF" in done.stdout
    assert "SECOND HALF" in done.stdout
    assert said in done.stderr
