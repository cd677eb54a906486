"""simgate keys: a new key is the role's alone, and its public half can be pasted into the policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from simgate.cli import main
from simgate.core.identity.signature import Signer
from simgate.core.storage.credentials import ROLE_KEYS, SIGNING_KEY_NAME
from simgate.release.policy import Policy

EMPTY = "version: 2\npeople: []\nchannels: {}\n"


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["simgate", "keys", *words])
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_new_key_is_private_and_its_entry_fits_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "keys/gate-main"
    assert call(monkeypatch, "new", "gate", "--out", str(folder)) == 0
    said = capsys.readouterr()
    assert (folder / SIGNING_KEY_NAME).stat().st_mode & 0o777 == 0o600
    (tmp_path / "policy.yaml").write_text(f"{EMPTY}keys:\n{said.out}")
    (key,) = Policy.load(tmp_path / "policy.yaml").keys
    signer = Signer.load(folder)
    assert signer is not None
    assert (key.role, key.raw, key.id) == ("gate", signer.public_key, signer.keyid)
    assert "PRIVATE" not in said.out + said.err


def test_a_key_is_never_overwritten_and_an_unknown_role_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "new", "ledger", "--out", str(tmp_path)) == 0
    before = (tmp_path / SIGNING_KEY_NAME).read_bytes()
    assert call(monkeypatch, "new", "ledger", "--out", str(tmp_path)) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / SIGNING_KEY_NAME).read_bytes() == before
    assert call(monkeypatch, "new", "stage", "--out", str(tmp_path / "other")) == 2
    assert not (tmp_path / "other").exists()


def test_show_says_whom_the_policy_trusts_and_whether_this_role_is_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = []
    for role in ("gate", "planner", "ledger"):
        assert call(monkeypatch, "new", role, "--out", str(tmp_path / role)) == 0
        entries += yaml.safe_load(capsys.readouterr().out)
    entries[1]["until"], entries[2]["revoked"] = "2026-01-01T00:00:00Z", True
    policy = tmp_path / "policy.yaml"
    policy.write_text(EMPTY + yaml.safe_dump({"keys": entries}))
    monkeypatch.setenv(ROLE_KEYS, str(tmp_path / "gate"))
    assert call(monkeypatch, "show", "--policy", str(policy), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["own"] == entries[0]["id"]
    assert [row["state"] for row in shown["keys"]] == ["trusted", "retired 2026-01-01 00:00:00Z", "revoked"]
    assert call(monkeypatch, "show", "--policy", str(policy)) == 0
    assert "this role's" in capsys.readouterr().out
    policy.write_text(EMPTY)
    assert call(monkeypatch, "show", "--policy", str(policy), "--folder", str(tmp_path / "ledger")) == 0
    said = capsys.readouterr().out
    assert "trusts no key" in said
    assert entries[2]["id"] in said
