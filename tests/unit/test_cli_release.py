"""The command on a released model: live, lineage, verify and rollback tell the truth of the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from simgate.core.documents.artifact import ManifestRef
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.release.promote import promote
from tests.raw_ledger import Ledger
from tests.release_chain import POLICY, Chain, answer, next_run

MODEL, CHANNEL = "navigator", "demo"


@dataclass(frozen=True)
class World:
    """A store in which two models went live, one after the other."""

    folder: Path
    store: Store
    first: ManifestRef
    second: ManifestRef

    @property
    def between(self) -> datetime:
        """A time when the first was live."""
        return next(iter(Ledger(self.store, MODEL).history())).at


def go_live(chain: Chain) -> ManifestRef:
    """Propose and promote; the export run that is live then."""
    live = Ledger(chain.store, MODEL).live(CHANNEL)
    evidence = chain.evidence()
    if live is not None:
        evidence["evaluate_live"] = live.evidence["evaluate"]
    entry = chain.add(chain.candidate(evidence))
    promote(chain.store, POLICY, model=MODEL, channel=CHANNEL, gate=answer(entry))
    return evidence["export"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "scenes" / "room").mkdir(parents=True)
    (tmp_path / "scenes" / "room" / "room.usda").write_text("#usda 1.0\n# room\n")
    (tmp_path / "policy.yaml").write_bytes(POLICY.to_json())
    chain = Chain(Store(str(tmp_path / "store")), tmp_path / "scenes")
    first = go_live(chain)
    second = go_live(next_run(chain, 2, weights=b"second"))
    return World(tmp_path / "store", chain.store, first, second)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMGATE_USER", "boss@example.org")
    monkeypatch.setattr("os.umask", lambda _mask: 0)


def call(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    """Exit code and what was printed."""
    capsys.readouterr()
    monkeypatch.setenv("SIMGATE_POLICY", str(world.folder.parent / "policy.yaml"))
    monkeypatch.setattr(sys, "argv", ["simgate", *arguments, "--store", str(world.folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


Call = tuple[World, pytest.MonkeyPatch, pytest.CaptureFixture[str]]


@pytest.fixture
def to(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    return world, monkeypatch, capsys


def test_live_names_the_engine_of_now_and_of_any_time(to: Call) -> None:
    world = to[0]
    engines = [read_manifest(world.store, ref).content_digest for ref in (world.first, world.second)]
    before = (world.between - timedelta(seconds=1)).isoformat()
    assert [row["engine"] for row in json.loads(call(*to, "live", "--json")[1])] == [engines[1]]
    assert [row["engine"] for row in json.loads(call(*to, "live", "--json", "--at", world.between.isoformat())[1])] == [
        engines[0]
    ]
    assert json.loads(call(*to, "live", "--json", "--at", before)[1]) == []
    assert json.loads(call(*to, "live", "--json", "--channel", "production")[1]) == []


def test_lineage_of_the_live_model_ends_at_scene_files(to: Call) -> None:
    code, said = call(*to, "lineage")
    assert code == 0
    assert "navigator, live in demo" in said
    assert "room" in said
    assert "as above" in said
    assert "room/room.usda" in call(*to, "lineage", "--files")[1]


def test_verify_walks_from_the_live_model_to_the_files(to: Call) -> None:
    world = to[0]
    assert call(*to, "verify")[0] == 0
    digest = hashlib.sha256(b"#usda 1.0\n# room\n").hexdigest()
    (world.folder / "files" / digest).write_bytes(b"#usda 1.1\n")
    code, said = call(*to, "verify", "--json")
    assert code == 3
    assert [finding["uri"] for finding in json.loads(said)["findings"]] == [f"files/{digest}"]


@pytest.mark.parametrize("folder", ["approvals", "candidates"])
def test_verify_misses_what_the_promotion_left(to: Call, folder: str) -> None:
    live = Ledger(to[0].store, MODEL).live(CHANNEL)
    assert live is not None
    (answer,) = to[0].store.keys(f"approvals/{live.candidate}")
    newest = {"approvals": answer, "candidates": f"candidates/{MODEL}/{CHANNEL}/000000000002.json"}
    (to[0].folder / newest[folder]).unlink()
    code, said = call(*to, "verify")
    assert code == 3
    assert {"approvals": "does not exist", "candidates": "is in no journal"}[folder] in said


def test_verify_notices_a_changed_decision(to: Call) -> None:
    entry = to[0].folder / "ledger" / MODEL / "000000000001.json"
    entry.write_bytes(entry.read_bytes().replace(b'"who":"boss"', b'"who":"eve"'))
    code, said = call(*to, "verify")
    assert code == 3
    assert "entry 1: it says 'eve' decided" in said


def test_rollback_puts_the_previous_model_back_with_who_and_why(to: Call) -> None:
    world = to[0]
    code, _said = call(*to, "rollback", "--why", "it hesitates at doors")
    assert code == 0
    newest = json.loads(call(*to, "history", "--json")[1])[-1]
    decision = newest["decision"]
    assert (decision["action"], decision["who"], decision["why"]) == (
        "rollback",
        "boss@example.org",
        "it hesitates at doors",
    )
    live = Ledger(world.store, MODEL).live(CHANNEL)
    assert live is not None
    assert live.engine == read_manifest(world.store, world.first).content_digest
    assert call(*to, "rollback", "--why", "again")[0] == 2


def test_history_lists_every_decision(to: Call) -> None:
    said = call(*to, "history")[1]
    assert said.count("promote") == 2
    assert "boss" in said


def test_the_registry_gets_each_live_model_once_under_its_channels_alias(to: Call, tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    for _ in range(2):
        code, said = call(*to, "ledger", "sync", "--tracking-uri", f"sqlite:///{database}", "--json")
        assert code == 0
        assert json.loads(said)["problem"] == ""
    live = Ledger(to[0].store, MODEL).live(CHANNEL)
    assert live is not None
    with sqlite3.connect(database) as registry:
        tags = dict(registry.execute("select key, value from model_version_tags").fetchall())
        aliases = registry.execute("select alias, version, name from registered_model_aliases").fetchall()
        runs = registry.execute("select run_id from model_versions").fetchall()
        figures = dict(registry.execute("select run_uuid || ' ' || key, value from metrics").fetchall())
    registry.close()
    verdict = read_verdict(to[0].store, read_manifest(to[0].store, live.evidence["evaluate"]))
    assert verdict is not None
    assert verdict.metrics
    for name, value in verdict.metrics.items():
        assert figures[f"{runs[0][0]} evaluate.{name}"] == value
    assert {key.split()[0] for key in figures} == {run for (run,) in runs}
    assert tags["simgate.candidate"] == live.candidate
    assert tags["simgate.engine"] == live.engine
    assert aliases == [(CHANNEL, 1, MODEL)]


def test_a_registrys_password_is_in_no_argument_and_in_nothing_said(to: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    run = subprocess.run

    def seen(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        commands.extend(command)
        return run(command, **more)

    monkeypatch.setattr("simgate.cli.ledger.subprocess.run", seen)
    for more in ([], ["--json"]):
        code, said = call(*to, "ledger", "sync", "--tracking-uri", "nobody-knows://ada:geheim@127.0.0.1:9", *more)
        assert code == 0
        assert "nobody-knows://…@127.0.0.1:9" in said
        assert "geheim" not in said
    assert "simgate.cli.mirror" in commands
    assert "geheim" not in " ".join(commands)
