"""`--store` is taken before the command and after it; what stands after it comes first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from simgate.cli import main
from simgate.cli.app import app


def commands(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words; typer brings a click of its own, so none of its classes is asked for."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, one in below.items():
        yield from commands(one, *words, name)


ASKS = [
    words
    for words, command in commands(typer.main.get_command(app))
    if any("--store" in item.opts for item in command.params)
]


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["simgate", *words])
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_there_are_commands_that_ask_for_a_store() -> None:
    assert {("verify",), ("runs",), ("scenes", "push"), ("policy", "check")} <= set(ASKS)


@pytest.mark.parametrize("words", ASKS, ids=" ".join)
def test_every_command_takes_the_store_before_its_name(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--store", "/nowhere", *words, "--help") == 0
    assert "--store" in capsys.readouterr().out


def test_both_places_name_the_same_store_and_the_later_one_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMGATE_STORE", str(tmp_path / "of-the-environment"))
    for words, named in (
        (("--store", "/no/such/before", "runs"), "/no/such/before"),
        (("runs", "--store", "/no/such/after"), "/no/such/after"),
        (("--store", "/no/such/before", "runs", "--store", "/no/such/after"), "/no/such/after"),
        (("runs",), str(tmp_path / "of-the-environment")),
    ):
        assert call(monkeypatch, *words) == 2
        assert f"no store there, got {named}" in " ".join(capsys.readouterr().err.split())
        assert os.environ["SIMGATE_STORE"] == str(tmp_path / "of-the-environment"), "put back afterwards"


def test_the_help_says_where_the_default_comes_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--help") == 0
    assert "else SIMGATE_STORE, else ./.simgate/store" in " ".join(capsys.readouterr().out.split())
