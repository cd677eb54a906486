"""Backup and restore: a lost store comes back with the same live model, and a copy that was cut is a whole store."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from simgate.cli.store_copy import Copied, copy, heads
from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import DigestMismatch, InputError
from simgate.core.given.snapshot import file_key, read_snapshot
from simgate.core.runtime.manifest import MANIFEST_NAME, read_manifest
from simgate.core.storage.heads import dataset_head, push_scenes, scenes_pushes
from simgate.core.storage.memo import read_memo
from simgate.core.storage.store import Store
from simgate.release.authors import authors
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.decision import Word, quarantine
from simgate.release.policy import Policy
from simgate.release.promote import promote
from tests.raw_ledger import Ledger
from tests.release_chain import POLICY, answer
from tests.servers.guarded import Guarded, simgate
from tests.servers.minio import MinioServer
from tests.tiny_pipeline import reference

CUTS = (1, 3, 40, 90, 160, 220, 250)
"""After so many objects; the small pipeline leaves about 260."""
MODEL = "navigator"


@dataclass(frozen=True)
class Released:
    """A store whose model is live, and the digests that somebody noted down."""

    store: Store
    policy: Path
    head: str
    engine: str


@pytest.fixture(scope="module")
def released(tiny_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Real stages' evidence, promoted under a policy that knows its people."""
    folder = tmp_path_factory.mktemp("released")
    shutil.copytree(tiny_store.url, folder / "store")
    store = Store(str(folder / "store"))
    store.put("scratch/main/key/1", b"a checkpoint that nobody needs")
    proposed = candidates(store, MODEL, "demo").newest()
    assert proposed is not None
    policy = knowing(POLICY, authors(store, proposed.candidate.evidence.values(), proposed.candidate.run_record))
    entry = propose(store, proposed, policy)
    live = promote(store, policy, model=MODEL, channel="demo", gate=answer(entry))
    (folder / "policy.yaml").write_bytes(policy.to_json())
    return Released(store, folder / "policy.yaml", live.sha256, entry.candidate.engine)


def knowing(policy: Policy, people: frozenset[str]) -> Policy:
    value = policy.model_dump(mode="json")
    value["channels"]["demo"]["reference"] = reference().model_dump(mode="json")
    value["people"] += [
        {"name": f"dev-{number}", "emails": [identity], "airflow_ids": [identity]}
        for number, identity in enumerate(sorted(people))
    ]
    return Policy.from_value(value, what="policy of the tests")


def propose(store: Store, proposed: CandidateEntry, policy: Policy) -> CandidateEntry:
    """The same evidence of the same run under a policy of the tests."""
    for key in store.keys(f"candidates/{MODEL}"):
        store.delete(key)
    candidate = Candidate(
        model=MODEL, channel="demo", engine=proposed.candidate.engine, evidence=proposed.candidate.evidence,
        policy_sha256=policy.sha256, replaces="", expires_at=datetime.now(UTC) + timedelta(hours=1),
        nonce="0" * 32, run_record=proposed.candidate.run_record,
        authors=proposed.candidate.authors, observations=proposed.candidate.observations,
    )  # fmt: skip
    return candidates(store, MODEL, "demo").add(candidate)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert simgate(*words) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_a_lost_store_comes_back_out_of_a_bucket_with_the_same_live_model(
    released: Released, minio: MinioServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket, keys = "s3://simgate/backup", str(minio.keys_folder)
    lost = Store(str(tmp_path / "lost"))
    shutil.copytree(released.store.url, lost.url)
    backup = said(capsys, "store", "copy", lost.url, bucket, "--to-keys", keys)
    assert f"ledger of {MODEL}: head {released.head}" in backup
    assert "copied 0 of" in said(capsys, "store", "copy", lost.url, bucket, "--to-keys", keys, "--check")
    shutil.rmtree(lost.url)
    said(capsys, "store", "copy", bucket, lost.url, "--source-keys", keys)
    assert_same(released, lost, capsys)
    assert {key: lost.digest(key) for key in lost.keys("")} == {
        key: released.store.digest(key) for key in released.store.keys("") if not key.startswith("scratch/")
    }


def assert_same(released: Released, restored: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The same head, the same engine, nothing damaged, and the same runs already done."""
    head = Ledger(restored, MODEL).head()
    assert head is not None
    assert head.sha256 == released.head
    (live,) = json.loads(said(capsys, "live", "--json", "--store", restored.url, "--policy", str(released.policy)))
    assert live["engine"] == released.engine
    rules = ("--policy", str(released.policy), "--store", restored.url)
    assert "verified" in said(capsys, "verify", MODEL, "--head", released.head, *rules)
    runs = [said(capsys, "runs", "--json", "--store", store.url) for store in (released.store, restored)]
    assert runs[0] == runs[1]


def test_a_backup_process_that_was_killed_is_taken_up_again(
    released: Released, minio: MinioServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = minio.store("killed-backup")
    copy(released.store, source, check=False, tell=lambda _: None)
    target = Store(str(tmp_path / "copy"))
    command = [sys.executable, "-c", "from simgate.cli import main; main()", "store", "copy", source.url, target.url]
    process = subprocess.Popen([*command, "--source-keys", str(minio.keys_folder)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(target.keys("runs")) < 30 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_whole(target)
    copy(source, target, check=False, tell=lambda _: None)
    assert_same(released, target, capsys)


@pytest.mark.parametrize("after", CUTS)
def test_a_copy_that_is_cut_anywhere_is_a_whole_smaller_store(released: Released, tmp_path: Path, after: int) -> None:
    target = Store(str(tmp_path / "copy"))
    with pytest.raises(Cut):
        copy(released.store, target, check=False, tell=cut(after))
    assert_whole(target)
    copy(released.store, target, check=False, tell=lambda _: None)
    assert heads(target) == {MODEL: released.head}


class Cut(Exception):
    """The copy ended here."""


def cut(after: int) -> Callable[[Copied], None]:
    def tell(done: Copied) -> None:
        if done.copied >= after:
            raise Cut

    return tell


def assert_whole(store: Store) -> None:
    """Nothing in it names anything that is not there."""
    for key in store.keys("runs"):
        if key.endswith(f"/{MANIFEST_NAME}"):
            manifest = read_manifest(store, ManifestRef(uri=key, sha256=store.digest(key)))
            for item in (*manifest.artifacts, *manifest.byproducts):
                assert store.digest(item.uri) == item.sha256
    for key in store.keys("memo"):
        ref = read_memo(store, key)
        assert ref is not None
        read_manifest(store, ref)
    for head in scenes_pushes(store, "main"):
        for file in read_snapshot(store, head.snapshot_sha256).files.values():
            assert store.exists(file_key(store, file.sha256))
    dataset_head(store, "main", "rooms")
    for entry in candidates(store, MODEL, "demo").all():
        for ref in entry.candidate.evidence.values():
            read_manifest(store, ref)
    proposed = {entry.digest for entry in candidates(store, MODEL, "demo").all()}
    for decision in Ledger(store, MODEL).history():
        assert {channel.live.candidate for channel in decision.after.channels.values() if channel.live} <= proposed


def test_bytes_that_rot_in_the_source_are_not_backed_up_under_a_good_name(released: Released, tmp_path: Path) -> None:
    source = Store(str(tmp_path / "rotten"))
    shutil.copytree(released.store.url, source.url)
    key = source.keys("files")[0]
    source.put(key, b"rotten")
    with pytest.raises(DigestMismatch, match=f"{key} of .* is damaged"):
        copy(source, Store(str(tmp_path / "copy")), check=False, tell=lambda _: None)


def test_a_backup_that_rotted_is_named_when_it_is_checked(released: Released, tmp_path: Path) -> None:
    target = Store(str(tmp_path / "copy"))
    copy(released.store, target, check=False, tell=lambda _: None)
    key = next(key for key in target.keys("runs") if key.endswith("engine/engine.json"))
    target.put(key, b"rotten")
    copy(released.store, target, check=False, tell=lambda _: None)
    with pytest.raises(DigestMismatch, match=f"{key} differs between the two stores"):
        copy(released.store, target, check=True, tell=lambda _: None)


def test_a_restore_onto_a_store_that_went_on_is_refused_before_anything_is_written(
    released: Released, tmp_path: Path
) -> None:
    target = Store(str(tmp_path / "went-on"))
    shutil.copytree(released.store.url, target.url)
    quarantine(target, POLICY, model=MODEL, digest="a" * 64, by=Word("boss", "for a test"))
    before = target.keys("")
    with pytest.raises(InputError, match=rf"journal ledger/{MODEL} went on differently"):
        copy(released.store, target, check=False, tell=lambda _: None)
    assert target.keys("") == before


def test_a_target_with_a_ledger_that_the_source_never_had_is_refused(tmp_path: Path) -> None:
    source, target = Store(str(tmp_path / "source")), Store(str(tmp_path / "target"))
    source.put("plans/main/x", b"a store before its first release")
    quarantine(target, POLICY, model=MODEL, digest="a" * 64, by=Word("boss", "for a test"))
    with pytest.raises(InputError, match=rf"journal ledger/{MODEL} went on differently"):
        copy(source, target, check=False, tell=lambda _: None)
    assert not target.exists("plans/main/x")


def test_damage_in_a_pull_requests_domain_ends_the_copy_of_that_domain_alone(tmp_path: Path) -> None:
    source, target = Store(str(tmp_path / "source")), Store(str(tmp_path / "target"))
    good, others = b"main's", b"another pull request's"
    source.put(f"files/{sha256_hex(good)}", good)
    source.put(f"files/pr-7/{'0' * 64}", b"not what its name says")
    source.put(f"files/pr-8/{sha256_hex(others)}", others)
    source.put("memo/pr-7/x.json", b"{}")
    source.put("heads/pr-7/scenes/000000000001.json", b"one")
    target.put("heads/pr-9/scenes/000000000001.json", b"went on")
    done = copy(source, target, check=False, tell=lambda _: None)
    assert sorted(done.broken) == ["pr-7", "pr-9"]
    assert "is damaged" in done.broken["pr-7"]
    assert target.keys("") == sorted(
        ["heads/pr-9/scenes/000000000001.json", f"files/{sha256_hex(good)}", f"files/pr-8/{sha256_hex(others)}"]
    )


def test_a_name_that_no_client_reads_in_a_pull_requests_folder_stops_neither_mains_push_nor_the_backup(
    guarded: Guarded, tmp_path: Path
) -> None:
    key = guarded.server.key("files/pr-7/a\nb")
    guarded.client("pusher-pr-7").put_object("guarded", key, BytesIO(b"x"), 1)
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "a.usda").write_text(f"#usda 1.0\n# {tmp_path}\n")
    pusher = guarded.store("pusher-main")
    assert push_scenes(pusher, "main", tmp_path / "scenes", author="a@example.org", message="an edit")[1]
    try:
        done = copy(guarded.store("reader"), Store(str(tmp_path / "backup")), check=False, tell=lambda _: None)
    finally:
        guarded.server.client().remove_object("guarded", key)  # others list this store too
    assert "pr-7" in done.broken
    assert "main" not in done.broken
    assert Store(str(tmp_path / "backup")).keys("heads/main/scenes")
