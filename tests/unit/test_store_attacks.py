"""A stolen role account on a real MinIO: nothing undoes history, administers, or speaks for another role."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from minio.commonconfig import COMPLIANCE, GOVERNANCE, CopySource
from minio.credentials.providers import AssumeRoleProvider
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, MinioException, S3Error
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig

from simgate.cli import store_key
from simgate.cli.store_seal import seal
from simgate.cli.store_server import Server
from simgate.core.errors import StoreError
from simgate.core.runtime.job import ManifestInput
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.store import Store
from simgate.release.candidate import Candidate, candidates
from simgate.release.decision import Word, quarantine
from tests.release_chain import POLICY, Chain, fulfil
from tests.servers.guarded import NAMES, Guarded

BUCKET = "guarded"
NO = r"AccessDenied|Access Denied"
Headers = dict[str, str | list[str] | tuple[str]]
"""As minio types them."""
Attack = Callable[[Guarded, str, str, str], Any]
ADMINISTERS: dict[str, Attack] = {
    # role's account, an object's key and version in its bucket
    "delete a version": lambda g, n, k, v: g.client(n).remove_object(BUCKET, k, version_id=v),
    "stop versioning": lambda g, n, k, v: g.client(n).set_bucket_versioning(BUCKET, VersioningConfig(SUSPENDED)),
    "drop the lifecycle": lambda g, n, k, v: g.client(n).delete_bucket_lifecycle(BUCKET),
    "drop the lock": lambda g, n, k, v: g.client(n).delete_object_lock_config(BUCKET),
    "open the bucket": lambda g, n, k, v: g.client(n).set_bucket_policy(BUCKET, json.dumps(OPEN)),
    "listen to the bucket": lambda g, n, k, v: g.client(n).delete_bucket_notification(BUCKET),
    "remove the bucket": lambda g, n, k, v: g.client(n).remove_bucket(BUCKET),
    "make a bucket": lambda g, n, k, v: g.client(n).make_bucket("evil"),
    "list users": lambda g, n, k, v: g.admin(n).user_list(),
    "make a user": lambda g, n, k, v: g.admin(n).user_add("evil", "e" * 40),
    "change its secret": lambda g, n, k, v: g.admin(n).user_add(g.keys(n).access_key, "e" * 40),
    "make a key of its own": lambda g, n, k, v: g.admin(n).add_service_account(access_key="evil", secret_key="e" * 40),
    "change its policy": lambda g, n, k, v: g.admin(n).policy_add("guarded.robots.one.reader", policy=OPEN),
    "attach a policy": lambda g, n, k, v: g.admin(n).policy_set("readwrite", user=g.keys(n).access_key),
    "stop the server": lambda g, n, k, v: g.admin(n).service_stop(),
}  # fmt: skip
OPEN: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
}
REPLICA = {"X-Minio-Source-Replication-Request": "true", "x-amz-replication-status": "REPLICA"}
FOREVER = {
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": f"{datetime.now(UTC) + timedelta(days=36_000):%Y-%m-%dT%H:%M:%SZ}",
}


@pytest.mark.parametrize("name", NAMES)
def test_no_role_administers_or_deletes_a_version(guarded: Guarded, name: str) -> None:
    key, version = planted(guarded, f"scratch/main/undo-{name}")
    for what, attack in ADMINISTERS.items():
        with pytest.raises((S3Error, MinioAdminException), match=NO) as refused:
            attack(guarded, name, key, version)
        assert refused.value, what
    assert guarded.root.get(f"scratch/main/undo-{name}") == b"1"


@pytest.mark.parametrize("name", NAMES)
def test_headers_and_batches_that_go_round_the_usual_way_are_refused_too(guarded: Guarded, name: str) -> None:
    place = f"scratch/{'pr-7' if name.endswith('pr-7') else 'main'}/round-{name}"
    key, version = planted(guarded, place)

    def send(method: str, at: str, headers: dict[str, Any], **more: Any) -> None:
        guarded.client(name)._execute(method, BUCKET, at, headers=headers, **more)

    attempts: tuple[Callable[[], None], ...] = (
        lambda: send("PUT", key, FOREVER, body=b"2"),
        lambda: send("PUT", key, {"x-amz-object-lock-legal-hold": "ON"}, body=b"2"),
        lambda: send("PUT", key, REPLICA, body=b"2", query_params={"versionId": version}),
        lambda: send("DELETE", key, {"x-amz-bypass-governance-retention": "true"}, query_params={"versionId": version}),
        lambda: send("DELETE", f"{key.rpartition('/')[0]}/", {"x-minio-force-delete": "true"}),
    )
    for refused in attempts:
        with pytest.raises(S3Error, match=rf"{NO}|force-delete is forbidden"):
            refused()
    batch = guarded.client(name).remove_objects(BUCKET, [DeleteObject(key, version)])
    assert [error.code for error in batch] == ["AccessDenied"]
    assert len(versions(guarded, key)) == 1
    assert guarded.root.get(place) == b"1"


@pytest.mark.parametrize("name", ["stage-main", "gate-pr-7", "pusher-main", "planner-main", "approval", "ledger"])
def test_nobody_leaves_its_prefix_by_copies_archives_or_dots(guarded: Guarded, name: str) -> None:
    client = guarded.client(name)
    own = guarded.server.key(OWN[name])
    elsewhere = f"robots/one/{'memo/main' if name in ('ledger', 'approval', 'pusher-main') else 'ledger'}/escape"
    source, _ = planted(guarded, "plans/main/copied")
    unpack: Headers = {"X-Amz-Meta-Snowball-Auto-Extract": "true"}
    below: Headers = {**unpack, "X-Amz-Meta-Minio-Snowball-Prefix": elsewhere.rpartition("/")[0]}
    dots = f"{own}/{'../' * own.count('/')}../{elsewhere}"
    for escape in (
        lambda: client.copy_object(BUCKET, elsewhere, CopySource(BUCKET, source)),
        lambda: client._create_multipart_upload(BUCKET, elsewhere, {}),
        lambda: client._execute("PUT", BUCKET, f"{own}.tar", body=archive(elsewhere), headers=unpack),
        lambda: client._execute("PUT", BUCKET, f"{own}.tar", body=archive("escape"), headers=below),
        lambda: client._execute("PUT", BUCKET, dots, body=b"evil"),
    ):
        with pytest.raises(S3Error, match=NO):
            escape()
    assert versions(guarded, elsewhere) == []
    client._execute("PUT", BUCKET, own, body=b"mine")


OWN = {
    "stage-main": "runs/main/train/k/a/escape",
    "gate-pr-7": "runs/pr-7/hil/k/a/escape",
    "pusher-main": "files/escape",
    "planner-main": "plans/main/escape",
    "approval": "approvals/x/escape",
    "ledger": "policies/escape",
}


@pytest.mark.parametrize("name", NAMES)
def test_no_role_lifts_a_lock_and_only_the_sealer_sets_one(guarded: Guarded, name: str) -> None:
    key, version = planted(guarded, f"ledger/lock/{name}.json")
    soon, late = (Retention(mode, at(days)) for mode, days in ((GOVERNANCE, 1), (COMPLIANCE, 9)))
    if name != "sealer":
        with pytest.raises(S3Error, match=NO):
            guarded.client(name).set_object_retention(BUCKET, key, soon)
    seal(
        Server(BUCKET, "robots/one", guarded.keys("sealer")), mode="GOVERNANCE", days=2, since=None, tell=lambda _: None
    )
    bypass: Headers = {"x-amz-bypass-governance-retention": "true"}
    for lift in (
        lambda: guarded.client(name).set_object_retention(BUCKET, key, soon, version_id=version),
        lambda: guarded.client(name).set_object_retention(BUCKET, key, late, version_id=version),
        lambda: guarded.client(name)._execute(
            "DELETE", BUCKET, key, headers=bypass, query_params={"versionId": version}
        ),
    ):
        with pytest.raises(S3Error, match=rf"{NO}|WORM"):
            lift()


def test_a_token_that_an_account_drew_for_itself_may_no_more_and_dies_with_it(guarded: Guarded, tmp_path: Path) -> None:
    from minio import Minio

    make: dict[str, Any] = {"rotate": True, "public_endpoint": ""}
    store_key.make_keys(guarded.server, ["stage"], "pr-9", tmp_path, **make)
    keys = StoreKeys.load(tmp_path / "stage-pr-9")
    assert keys is not None
    secret = keys.secret_key.get_secret_value()
    drawn = AssumeRoleProvider(sts_endpoint=guarded.minio.url, access_key=keys.access_key, secret_key=secret).retrieve()
    client = Minio(
        f"127.0.0.1:{guarded.minio.port}", access_key=drawn.access_key, secret_key=drawn.secret_key,
        session_token=drawn.session_token, secure=False, region="us-east-1",
    )  # fmt: skip
    own, other = (guarded.server.key(key) for key in ("scratch/pr-9/x", "scratch/main/x"))
    client._execute("PUT", BUCKET, own, body=b"x")
    with pytest.raises(S3Error, match=NO):
        client._execute("PUT", BUCKET, other, body=b"x")
    store_key.make_keys(guarded.server, ["stage"], "pr-9", tmp_path, **make)
    store_key.retire(guarded.server, "stage", "pr-9", tmp_path)
    with pytest.raises(MinioException, match=rf"{NO}|InvalidAccessKeyId|InvalidTokenId"):
        client._execute("PUT", BUCKET, own, body=b"x")


@pytest.fixture(scope="module")
def chain(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Evidence of a whole run in the guarded store, and a candidate of it."""
    return Chain(guarded.root, tmp_path_factory.mktemp("chain"), model="attacked")


@pytest.fixture(scope="module")
def candidate(chain: Chain) -> Candidate:
    return chain.candidate(chain.evidence())


@pytest.mark.parametrize("name", NAMES)
def test_only_the_right_role_gives_a_verdict_proposes_or_decides(
    guarded: Guarded, chain: Chain, candidate: Candidate, name: str
) -> None:
    """With the project's own code under a stolen account; the same code under the right one works."""
    store, export = guarded.store(name), candidate.evidence["export"]
    inputs = [ManifestInput(ref=export)]
    hil = chain.job("hil", {"bench": "emulated"}, inputs, nonce=f"{NAMES.index(name):016x}")
    verdict, model = {"hil.json": b"{}"}, f"of-{name}"
    made: dict[str, Callable[[], object]] = {
        "gate-main": lambda: fulfil(store, hil, verdict, ()),
        "planner-main": lambda: candidates(store, model, "demo").add(candidate.model_copy(update={"model": model})),
        "approval": lambda: store.create(f"approvals/{model}/1.json", b"{}"),
        "ledger": lambda: quarantine(
            store, POLICY, model=model, digest=candidate.engine, by=Word("boss", "for a test")
        ),
    }
    for owner, forge in made.items():
        if name == owner:
            forge()
            continue
        with pytest.raises(StoreError, match="may not do that"):
            forge()
    left = [key for key in guarded.root.keys("") if f"of-{name}" in key]
    assert len(left) == (name in ("planner-main", "approval", "ledger"))


def planted(guarded: Guarded, key: str) -> tuple[str, str]:
    """An object that was there before the attack: its key in the bucket, and its version."""
    guarded.root.put(key, b"1")
    name = guarded.server.key(key)
    return name, guarded.minio.client().stat_object(BUCKET, name).version_id or ""


def versions(guarded: Guarded, key: str) -> list[str]:
    found = guarded.minio.client().list_objects(BUCKET, prefix=key, include_version=True)
    return [item.version_id or "" for item in found]


def archive(name: str) -> bytes:
    """A tar with one file; MinIO unpacks archives that are sent with a header."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    return packed.getvalue()


def at(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def test_a_role_of_one_store_is_nobody_in_its_neighbour(guarded: Guarded) -> None:
    with pytest.raises(StoreError, match="may not do that"):
        Store(f"s3://{BUCKET}/robots", guarded.keys("ledger")).put("ledger/x", b"1")
