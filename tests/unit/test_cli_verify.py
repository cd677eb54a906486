"""simgate verify claims what it has checked, of each model and of a run, and no more."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simgate.cli import main
from simgate.core.storage.store import Store
from simgate.release.decision import Word, quarantine
from tests.release_chain import POLICY, Chain
from tests.unit.test_judge import APPROVAL, GATE, LEDGER, PLANNER, SIGNED, released


def verify(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it prints of a sound store."""
    monkeypatch.setattr(sys, "argv", ["simgate", "verify", *words, "--store", str(folder / "store")])
    monkeypatch.setenv("SIMGATE_POLICY", str(folder / "policy.yaml"))
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert not ended.value.code, said
    return said.out


def test_a_run_is_shown_with_its_verdict_and_nothing_is_claimed_of_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_bytes(POLICY.to_json())
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes", verdicts={"hil": False})
    run = chain.evidence()["hil"]
    said = " ".join(verify(tmp_path, monkeypatch, capsys, run.uri).split())
    assert "its verdict: FAIL; hil was planted to fail" in said
    assert "Not shown: that it passed" in said
    assert "the policy's demands" not in said
    assert "history" not in said


def test_one_signed_model_does_not_make_another_one_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_bytes(SIGNED.to_json())
    store = released(tmp_path, SIGNED, LEDGER, {"gate": GATE, "planner": PLANNER, "approval": APPROVAL}).store
    quarantine(store, SIGNED, model="other", digest="c" * 64, by=Word("boss", "to begin"))
    navigator, other = verify(tmp_path, monkeypatch, capsys).split("verified other")
    assert "the policy's keys signed it" in navigator
    assert "No signature is demanded here" in other
    said = json.loads(verify(tmp_path, monkeypatch, capsys, "--json"))
    assert said["signed"] is False
    assert {item["checked"]: item["signed"] for item in said["each"]} == {"navigator": True, "other": False}
