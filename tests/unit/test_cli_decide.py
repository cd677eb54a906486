"""Decisions by hand: each is one ledger entry with who and why, also before the first release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simgate.cli import main
from simgate.core.storage.store import Store
from tests.demo_recipes import POLICY
from tests.raw_ledger import Ledger

DIGEST = "a" * 64


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["simgate", *words])
    monkeypatch.setenv("SIMGATE_POLICY", str(POLICY))
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("verb", ["waive", "quarantine"])
def test_a_decision_before_the_first_release_is_one_entry(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        verb,
        DIGEST,
        "--why",
        "the cable was loose",
        "--who",
        "release@example.org",
        "--model",
        "navigator",
        *(["--channel", "demo"] if verb == "waive" else []),
    )
    assert call(monkeypatch, *words, "--store", str(tmp_path), "--json") == 0
    (entry,) = Ledger(Store(str(tmp_path)), "navigator").history()
    assert json.loads(capsys.readouterr().out)["sha256"] == entry.sha256
    assert (entry.action, entry.who, entry.why) == (verb, "release@example.org", "the cable was loose")
    barred = [item.digest for item in entry.after.quarantined]
    waived = [item.manifest for item in entry.after.waivers]
    assert (waived if verb == "waive" else barred) == [DIGEST]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("waive", "abc", "--why", "x", "--model", "navigator"), "not a whole digest"),
        (("waive", DIGEST, "--why", " ", "--model", "navigator"), "--why is empty"),
        (("waive", DIGEST, "--why", "x", "--model", "../etc"), "not a model's name"),
        (("waive", DIGEST, "--why", "x"), "the store has no model yet"),
        (("scenes", "log", "--domain", "foo"), "no such trust domain"),
    ],
)
def test_wrong_words_exit_2_and_say_what(
    words: tuple[str, ...],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(monkeypatch, *words, "--store", str(tmp_path)) == 2
    assert named in " ".join(capsys.readouterr().err.split())
