"""The store's administration on a real MinIO: set up, keys by role, seals, recovery, and what it refuses."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.error import S3Error
from minio.retention import Retention

from simgate.cli import store_init, store_key
from simgate.cli.store_policy import policy
from simgate.cli.store_seal import Sealing, seal
from simgate.cli.store_server import Server
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import SimgateError, StoreError
from simgate.core.storage.credentials import ROLE_KEYS, StoreKeys
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.rows.roles import DOMAIN_ROLES, ROLES, is_sealed, role_name
from tests import probe_jobs
from tests.servers.guarded import NAMES, Guarded, simgate
from tests.servers.minio import MinioServer


def test_set_up_again_changes_nothing_and_says_so(guarded: Guarded) -> None:
    again = list(store_init.init(guarded.server))
    assert guarded.said[0] == "made bucket guarded, with object lock"
    assert again[:2] == ["bucket guarded is there", "versioning is on"]
    client = guarded.minio.client()
    assert client.get_bucket_versioning("guarded").status == ENABLED
    rules = client.get_bucket_lifecycle("guarded")
    assert rules is not None
    assert {rule.rule_id for rule in rules.rules} == {
        f"simgate-guarded.robots.one-{name}" for name in ("scratch", "memo")
    }


def test_a_bucket_that_cannot_lock_is_refused_with_the_way_out(minio: MinioServer) -> None:
    minio.client().make_bucket("unlockable")
    with pytest.raises(SimgateError, match=r"made without object lock.*simgate store copy"):
        list(store_init.init(Server("unlockable", "", minio.keys)))


def test_lifecycle_rules_of_others_are_left(minio: MinioServer) -> None:
    one, two, alike = (Server("shared", prefix, minio.keys) for prefix in ("one", "two", "one-memo"))
    for server in (one, two, alike, one):
        list(store_init.init(server))
    rules = minio.client().get_bucket_lifecycle("shared")
    assert rules is not None
    assert len(rules.rules) == 6


def test_the_sealer_locks_evidence_in_all_versions_and_nothing_else(guarded: Guarded) -> None:
    from datetime import UTC, datetime, timedelta

    evidence = "runs/main/train/sealed/a/manifest.json"
    for data in (b"first", b"overwritten"):
        guarded.root.put(evidence, data)
    for other in ("memo/main/sealed.json", "scratch/main/sealed", "runs/main/train/sealed/a/model.safetensors"):
        guarded.root.put(other, b"x")
    sealer = Server("guarded", "robots/one", guarded.keys("sealer"))

    def once(mode: Any = "GOVERNANCE") -> Sealing:
        return seal(sealer, mode=mode, days=2, since=None, tell=lambda _: None)

    first = once()
    assert first.locked >= 2
    assert once().locked == 0
    client = guarded.minio.client()
    versions = _versions(client, guarded.server.key(evidence))
    assert len(versions) == 2
    for version in versions:
        kept = client.get_object_retention("guarded", guarded.server.key(evidence), version_id=version)
        assert kept is not None
        with pytest.raises(S3Error, match=r"WORM protected|AccessDenied"):
            client.remove_object("guarded", guarded.server.key(evidence), version_id=version)
    shorter = Retention(GOVERNANCE, datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1))
    with pytest.raises(S3Error, match=r"WORM|Access Denied"):
        guarded.client("sealer").set_object_retention("guarded", guarded.server.key(evidence), shorter)
    with pytest.raises(S3Error, match="Access Denied"):
        guarded.client("sealer").set_object_retention("guarded", guarded.server.key("memo/main/sealed.json"), shorter)
    for other in ("memo/main/sealed.json", "scratch/main/sealed"):
        client.remove_object(
            "guarded", guarded.server.key(other), version_id=_versions(client, guarded.server.key(other))[0]
        )


def test_a_lock_that_will_end_is_made_longer(guarded: Guarded) -> None:
    key = guarded.server.key("ledger/renewed/000000000001.json")
    guarded.root.put("ledger/renewed/000000000001.json", b"1")
    sealer = Server("guarded", "robots/one", guarded.keys("sealer"))
    ends = []
    for days in (3, 4, 30):
        seal(sealer, mode="GOVERNANCE", days=days, since=None, tell=lambda _: None)
        kept = guarded.minio.client().get_object_retention("guarded", key)
        assert kept is not None
        ends.append(kept.retain_until_date)
    assert ends[0] == ends[1], "more than half of the days are left"
    assert (ends[2] - ends[0]).days == 27


def _versions(client: Minio, key: str) -> list[str]:
    return [item.version_id or "" for item in client.list_objects("guarded", prefix=key, include_version=True)]


def test_an_overwritten_manifest_is_noticed_and_comes_back(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key, good = "runs/main/train/k/back/manifest.json", b'{"good":1}'
    guarded.store("stage-main").create(key, good)
    guarded.store("stage-main").put(key, b"forged")
    with pytest.raises(SimgateError, match="is damaged"):
        guarded.store("reader").read(probe_jobs_ref(key, good))
    monkeypatch.setenv(ROLE_KEYS, str(guarded.minio.keys_folder))
    assert simgate("store", "recover", key, sha256_hex(good), "--store", guarded.url) == 0
    assert "is version" in capsys.readouterr().out
    assert guarded.store("reader").read(probe_jobs_ref(key, good)) == good
    assert simgate("store", "recover", key, "0" * 64, "--store", guarded.url) == 1
    assert "simgate store copy" in capsys.readouterr().err


def test_a_deleted_scene_file_comes_back(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    key, data = "files/deleted", b"scene"
    guarded.store("pusher-main").put(key, data)
    guarded.store("pusher-main").delete(key)
    monkeypatch.setenv(ROLE_KEYS, str(guarded.minio.keys_folder))
    assert simgate("store", "recover", key, sha256_hex(data), "--store", guarded.url) == 0
    assert guarded.store("reader").get(key) == data


@dataclass(frozen=True)
class probe_jobs_ref:  # noqa: N801
    """Bytes by place and digest."""

    uri: str
    data: bytes

    @property
    def sha256(self) -> str:
        return sha256_hex(self.data)


def test_key_folders_are_the_owners_alone_and_nothing_shows_a_secret(guarded: Guarded) -> None:
    for name in NAMES:
        folder = guarded.folder / name
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "store.json").stat().st_mode) == 0o600
        secret = guarded.keys(name).secret_key.get_secret_value()
        assert len(secret) == 40
        assert secret not in "\n".join(guarded.said)
        assert sorted(path.name for path in folder.iterdir()) == ["store.json"]


def test_all_keys_of_a_domain_are_made_by_one_command_and_again_changes_none(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ROLE_KEYS, str(guarded.minio.keys_folder))
    before = {name: guarded.keys(name) for name in NAMES}
    words = ("--store", guarded.url, "--keys", str(guarded.folder), "--domain", "pr-7")
    assert simgate("store", "key", "all", *words) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == [role_name(role, "pr-7") for role in DOMAIN_ROLES]
    assert all("is there, its policy is up to date" in line for line in said)
    assert {name: guarded.keys(name) for name in NAMES} == before


def test_a_key_is_rotated_in_two_steps_and_a_retired_one_is_dead(guarded: Guarded, tmp_path: Path) -> None:
    server = guarded.server

    def make(rotate: bool) -> list[str]:
        return store_key.make_keys(server, ["gate"], "pr-8", tmp_path, rotate=rotate, public_endpoint="")

    make(False)
    before = StoreKeys.load(tmp_path / "gate-pr-8")
    assert "is there" in make(False)[0]
    assert StoreKeys.load(tmp_path / "gate-pr-8") == before
    said = make(True)
    assert before is not None
    assert before.access_key in said[1]
    Store(guarded.url, before).put("scratch/pr-8/x", b"the old one still works")
    assert store_key.retire(server, "gate", "pr-8", tmp_path) == [f"gate-pr-8: removed {before.access_key}"]
    with pytest.raises(StoreError, match="does not know this access key"):
        Store(guarded.url, before).put("scratch/pr-8/x", b"the old one is dead")
    Store(guarded.url, StoreKeys.load(tmp_path / "gate-pr-8")).put("scratch/pr-8/x", b"the new one works")


def test_stores_whose_names_look_alike_share_no_account_and_no_policy(minio: MinioServer) -> None:
    urls = (("a", "b/c"), ("a.b", "c"), ("a", "b.c"), ("a", "b"), ("a", ""))
    assert len({Server(bucket, prefix, minio.keys).name for bucket, prefix in urls}) == len(urls)


def test_retiring_a_reader_leaves_the_accounts_of_a_store_below_the_prefix_reader(
    minio: MinioServer, tmp_path: Path
) -> None:
    one, two = Server("shared", "", minio.keys), Server("shared", "reader", minio.keys)
    store_key.make_keys(one, ["reader"], "main", tmp_path / "one", rotate=False, public_endpoint="")
    store_key.make_keys(two, ["sealer"], "main", tmp_path / "two", rotate=False, public_endpoint="")
    assert store_key.retire(one, "reader", "main", tmp_path / "one") == ["reader: nothing to remove"]
    assert (
        "is there"
        in store_key.make_keys(two, ["sealer"], "main", tmp_path / "two", rotate=False, public_endpoint="")[0]
    )


def test_evidence_is_sealed_and_leftovers_are_not() -> None:
    assert is_sealed("runs/main/hil/k/a/manifest.dsse.json")
    assert is_sealed("ledger/navigator/000000000001.json")
    assert not any(is_sealed(key) for key in ("memo/main/k.json", "scratch/main/k/1", "runs/main/train/k/a/weights"))


def test_policies_are_printed_for_any_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert simgate("store", "policies", "gate", "--domain", "pr-7", "--store", "s3://robots/one") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == policy("robots", "one", "gate", "pr-7")
    assert "admin:*" not in json.dumps(document)
    assert len(json.dumps(document)) < 6144, "longer than AWS takes a managed policy"
    assert simgate("store", "policies") == 0
    assert set(json.loads(capsys.readouterr().out)) == {role_name(role, "main") for role in ROLES}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("init", "--store", "./folder"), "administers stores in S3"),
        (("key", "king", "--store", "s3://guarded"), "no such role"),
        (("seal", "--mode", "SOFT", "--store", "s3://guarded"), "no such lock"),
        (("copy", "a", "a"), "not copied onto itself"),
        (("forget", "abc"), "too short"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    words: tuple[str, ...],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert simgate("store", *words) == 2
    assert problem in capsys.readouterr().err


def test_without_an_account_nothing_is_administered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", ROLE_KEYS):
        monkeypatch.delenv(name, raising=False)
    assert simgate("store", "init", "--store", "s3://guarded") == 2
    assert "no account to administer the store with" in capsys.readouterr().err


def test_a_forgotten_run_is_made_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    job = probe_jobs.probe_job(6)
    assert probe_jobs.run(store, probe_jobs.submit(store, job)).returncode == 0
    run_key = probe_jobs.run_key(store, job)
    assert simgate("store", "forget", run_key[:16], "--store", store.url) == 0
    assert committed(store, job, run_key) is None
