"""The documents say what is there: links, commands, targets and paths."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from typer.testing import CliRunner

from simgate.cli.app import app
from simgate.rows.stages import STAGES
from simgate_airflow.local.command import app as airflow_app
from tests.unit.foreign_asset import foreign

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "helm", "examples")
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md"))})
PROGRAMS = {"simgate": app, "simgate-airflow": airflow_app}
PROJECTS = ("tasks/simgate/cli/starter", "examples/demo", "examples/demo/scenes")
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
# A line of simgate's own, or one that runs it inside a service of Compose.
_COMMAND = re.compile(r"(simgate(?:-airflow)?(?: .*)?)$|docker compose (?:exec|run) .*?[ '](simgate [^']*)")
_TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
_FILE = re.compile(r"(?<![\w/])[\w.-]+(?:/[\w.-]+)+\.(?:py|md|yaml|html|png|usda)")
# Folders that only a machine of its own has; a variable or another folder before them makes them somebody's own.
_MACHINE_PATH = re.compile(r"(?<![\w.$}/*-])/(?:root|work|mnt|Users|home/[a-z]+)/")
_INDEX = re.compile(r"--(?:extra-)?index-url|https?://[^\s/]*(?:pypi|pythonhosted|registry|artifactory|nexus)[^\s]*")


@dataclass(frozen=True)
class Said:
    """Something that a document has in code type."""

    document: str
    text: str
    is_block: bool
    """A line to copy from a shell block: it has to be complete."""


def test_every_relative_link_leads_to_a_file() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in _LINK.findall(path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:|#", target) and not (path.parent / unquote(target.split("#")[0])).exists()
    ]
    assert not broken


def test_every_simgate_command_exists_with_those_options() -> None:
    said = [
        replace(item, text=match[1] or match[2]) for item in _code() if (match := _COMMAND.match(item.text)) is not None
    ]
    assert len(said) > 5
    assert not [f"{item.document}: {item.text}: {wrong}" for item in said if (wrong := _wrong(item))]


def test_the_commands_around_a_foreign_asset_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/scenes.md").read_text(encoding="utf-8")
    [block] = [block for _, block in _FENCE.findall(text) if "scenes wrap" in block]
    foreign(tmp_path / "download")
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert (tmp_path / "scenes/kitchen/labels.yaml").is_file()


def test_every_stage_started_by_module_exists() -> None:
    stages = [match[1] for item in _code() if (match := re.search(r"python -m simgate (\S+)", item.text))]
    assert stages
    assert set(stages) <= {*STAGES.names(), "<stage>"}


def test_every_make_target_exists() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for item in _code() for target in _TARGET.findall(item.text)}
    assert {"demo", "test"} <= named <= there


def test_every_file_that_a_document_names_in_code_type_exists() -> None:
    # A project is named by its own paths: the demo's, and the one that `simgate init` writes.
    roots = [ROOT / name for name in ("", "tasks", "tasks/simgate", *PROJECTS)]
    missing = [
        f"{item.document}: {name}"
        for item in _code()
        if not item.is_block
        for name in _FILE.findall(item.text)
        if "<" not in item.text and not any((root / name).exists() for root in roots) and not _is_output(name)
    ]
    assert not missing


def test_the_readme_traces_a_change_through_eight_files() -> None:
    rows = re.findall(r"^\| (\d) \| `([^`]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 9))
    assert all((ROOT / path).is_file() for _, path in rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_wraps_at_120_columns(name: str) -> None:
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), (ROOT / name).read_text(encoding="utf-8"))
    lines = enumerate(text.splitlines(), start=1)
    # A table's row, and a link or code that cannot be broken, may be longer.
    wide = [number for number, line in lines if len(line) > 120 and line[0] != "|" and _breaks(line)]
    assert not wide, f"lines {wide}"


@pytest.mark.parametrize("name", NAMES)
def test_a_document_has_one_title(name: str) -> None:
    text = _FENCE.sub("", (ROOT / name).read_text(encoding="utf-8"))
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


def test_no_tracked_file_names_a_path_of_one_machine_or_a_package_index() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in _tracked()
        for number, line in enumerate(_lines(path), start=1)
        if _MACHINE_PATH.search(line) or (_INDEX.search(line) and path != "tests/unit/test_docs.py")
    ]
    assert not found


def _breaks(line: str) -> bool:
    """Return whether a space outside of code lets the line end before column 120."""
    return " " in _SPAN.sub(lambda match: "x" * len(match[0]), line.strip()[:120])


def _code() -> Iterator[Said]:
    """Lines of shell blocks without their comments, and code spans."""
    for path in DOCUMENTS:
        name, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        for language, block in _FENCE.findall(text):
            lines = block.splitlines() if language in ("sh", "bash", "console") else []
            yield from (Said(name, line.strip(), True) for line in lines if line.strip())
        yield from (Said(name, span, False) for span in _SPAN.findall(_FENCE.sub("", text)))


def _wrong(said: Said) -> str:
    """What of a command line the command does not take; empty where it is right."""
    program, *words = shlex.split(said.text, comments=True)
    found: Any = typer.main.get_command(PROGRAMS[program])
    while words and hasattr(found, "commands"):
        if words[0] in ("--help", "-h"):
            return ""
        if words[0] not in found.commands:
            return f"no command {words[0]!r}"
        found = found.commands[words.pop(0)]
    return "" if hasattr(found, "commands") else _wrong_arguments(found, words, complete=said.is_block)


def _wrong_arguments(command: Any, words: Sequence[str], *, complete: bool) -> str:
    options = {name: item for item in command.params if item.param_type_name == "option" for name in item.opts}
    places = [item for item in command.params if item.param_type_name == "argument"]
    given, values, rest = set(), [], list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            values.append(word)
            continue
        option = options.get(word.split("=")[0])
        if option is None:
            return f"no option {word}"
        given.add(option.name)
        if not option.is_flag and "=" not in word and not rest:
            return f"{word} has no value"
        if not option.is_flag and "=" not in word:
            rest.pop(0)
    if len(values) > len(places):
        return f"one argument too many: {values[-1]}"
    missing = {item.name for item in options.values() if item.required} - given
    missing |= {item.name for item in places[len(values) :] if item.required}
    return f"without {sorted(missing)}" if missing and complete else ""


def _is_output(name: str) -> bool:
    """Names of what a run writes are named as they lie in the store."""
    return name.startswith((".simgate/", "runs/", "plans/", "thumbnails/"))


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    return [name for name in done.stdout.split("\0") if name]


def _lines(name: str) -> list[str]:
    path = ROOT / name
    if not path.is_file() or b"\0" in (data := path.read_bytes())[:8192]:
        return []
    return data.decode("utf-8", errors="replace").splitlines()
