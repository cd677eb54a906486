"""The foreign distribution as a wheel: built from tests/outside/toylab, or from a copy in which somebody changed it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
SOURCES, PROJECT = HERE / "toylab", HERE / "project"
NAME = "toylab"
Edits = Mapping[str, tuple[str, str]]
"""File of the sources → the text that is taken out, and what comes in its place."""


def build_wheel(folder: Path, edits: Edits | None = None) -> Path:
    """Build the wheel, as its author would; an edit that finds nothing to change is a mistake of the test."""
    copy = folder / "sources"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file, (before, after) in (edits or {}).items():
        text = (copy / file).read_text(encoding="utf-8")
        assert before in text, f"{file} has no {before!r}"
        (copy / file).write_text(text.replace(before, after), encoding="utf-8")
    # By the build backend of this environment, which is pinned: nothing is fetched.
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def raising(file: str, line: str) -> Edits:
    """Make a line's place fail, before the line is run."""
    indent = line[: len(line) - len(line.lstrip())]
    return {file: (line, f"{indent}raise RuntimeError('no lamp')\n{line}")}
