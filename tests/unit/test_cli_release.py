"""The command on a released model: live, lineage, verify and rollback tell the truth of the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from simgate.core.artifact import ManifestRef
from simgate.core.events import Events
from simgate.core.job import ManifestInput, SnapshotInput
from simgate.core.key import key_parts, load_inputs
from simgate.core.manifest import read_manifest
from simgate.core.memo import committed
from simgate.core.snapshot import scan, write_snapshot
from simgate.core.stage import Stage, run_job
from simgate.core.stop import Stop
from simgate.core.store import Store
from simgate.core.work import Work
from simgate.plan.jobs import make_job
from simgate.release.candidate import candidates, new_candidate
from simgate.release.entry import ChannelState, LedgerBody, LiveModel, State
from simgate.release.ledger import Ledger
from simgate.specs.probe import ProbeSpec

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


def _leave_an_engine(work: Work[ProbeSpec]) -> None:
    work.outputs.write("model.onnx", bytes([work.spec.seed]), "application/octet-stream")


STAGE = Stage(name="probe", extra="light", spec_type=ProbeSpec, run=_leave_an_engine)


def probe(store: Store, seed: int, inputs: list[ManifestInput | SnapshotInput]) -> ManifestRef:
    """Make a probe run in this process."""
    job = make_job(
        "probe", ProbeSpec(seed=seed, files=1, size_bytes=10), inputs, domain="main", run_record="plans/main/t"
    )
    key = f"jobs/{seed}.json"
    store.create(key, job.to_json())
    assert run_job(STAGE, key, store, stop=Stop(), place="local", events=Events()) == 0
    ref = committed(store, job, key_parts(job, load_inputs(store, job)).run_key)
    assert ref is not None
    return ref


def go_live(store: Store, ref: ManifestRef, number: int) -> None:
    """Promote, as the ledger and the candidates' journal would have it."""
    ledger = Ledger(store, MODEL)
    engine = read_manifest(store, ref).content_digest
    head = ledger.head()
    for folder in ("plans/main/t", f"plans/main/r{number}"):
        store.create(f"{folder}/why.json", b'{"people": []}')
    entry = candidates(store, MODEL, CHANNEL).add(
        new_candidate(
            model=MODEL, channel=CHANNEL, engine=engine, policy_sha256="0" * 64,
            evidence={"export": ref, "train": ref, "validate": ref},
            replaces=head.sha256 if head else "", ttl=timedelta(hours=1),
            run_record=f"plans/main/r{number}", authors=(),
        )
    )  # fmt: skip
    store.create(f"approvals/{entry.digest}/1.json", b"{}")
    live = LiveModel(candidate=entry.digest, engine=engine, evidence=entry.candidate.evidence, since=datetime.now(UTC))
    before = ledger.state.channels.get(CHANNEL)
    after = ChannelState(live=live, previous=before.live if before else None)
    state = State(channels={CHANNEL: after}, quarantined=(), waivers=())
    body = LedgerBody(action="promote", who="ada", why="good", approval=f"a{number}", after=state)
    ledger.append(f"p{number}", lambda _head: body)


@pytest.fixture
def world(tmp_path: Path) -> World:
    scenes = tmp_path / "scenes" / "room"
    scenes.mkdir(parents=True)
    (scenes / "room.usda").write_text("#usda 1.0\n")
    store = Store(str(tmp_path / "store"))
    snapshot = write_snapshot(store, scan(tmp_path / "scenes"))
    shard = probe(store, 1, [SnapshotInput(sha256=snapshot.sha256)])
    first = probe(store, 2, [ManifestInput(ref=shard)])
    second = probe(store, 3, [ManifestInput(ref=shard, output="model.onnx")])
    go_live(store, first, 1)
    go_live(store, second, 2)
    return World(tmp_path / "store", store, first, second)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMGATE_USER", "grace@example.org")
    monkeypatch.setattr("os.umask", lambda _mask: 0)


def call(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    """Exit code and what was printed."""
    capsys.readouterr()
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
    digest = hashlib.sha256(b"#usda 1.0\n").hexdigest()
    (world.folder / "files" / digest).write_bytes(b"#usda 1.1\n")
    code, said = call(*to, "verify", "--json")
    assert code == 3
    assert [finding["uri"] for finding in json.loads(said)["findings"]] == [f"files/{digest}"]


@pytest.mark.parametrize("folder", ["approvals", "candidates"])
def test_verify_misses_what_the_promotion_left(to: Call, folder: str) -> None:
    live = Ledger(to[0].store, MODEL).live(CHANNEL)
    assert live is not None
    newest = {"approvals": f"{live.candidate}/1.json", "candidates": f"{MODEL}/{CHANNEL}/000000000002.json"}
    (to[0].folder / folder / newest[folder]).unlink()
    code, said = call(*to, "verify")
    assert code == 3
    assert folder in said


def test_verify_notices_a_changed_decision(to: Call) -> None:
    entry = to[0].folder / "ledger" / MODEL / "000000000001.json"
    entry.write_bytes(entry.read_bytes().replace(b'"who":"ada"', b'"who":"eve"'))
    code, said = call(*to, "verify")
    assert code == 3
    assert "entry 2" in said


def test_rollback_puts_the_previous_model_back_with_who_and_why(to: Call) -> None:
    world = to[0]
    code, _said = call(*to, "rollback", "--why", "it hesitates at doors")
    assert code == 0
    newest = json.loads(call(*to, "history", "--json")[1])[-1]
    assert (newest["action"], newest["who"], newest["why"]) == (
        "rollback",
        "grace@example.org",
        "it hesitates at doors",
    )
    live = Ledger(world.store, MODEL).live(CHANNEL)
    assert live is not None
    assert live.engine == read_manifest(world.store, world.first).content_digest
    assert call(*to, "rollback", "--why", "again")[0] == 2


def test_history_lists_every_decision(to: Call) -> None:
    said = call(*to, "history")[1]
    assert said.count("promote") == 2
    assert "ada" in said


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
    registry.close()
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
