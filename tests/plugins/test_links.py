"""Links to pages in a bucket, fetched from a real MinIO: for a while, under the reader's account, and kept nowhere."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simgate.cli import store_copy, store_key
from simgate.cli.store_server import Server
from simgate.core.storage.credentials import ROLE_KEYS, StoreKeys
from simgate.core.storage.signed_link import REPORT_NAME, report_of
from simgate.core.storage.store import Store
from simgate.rows.roles import Role, role_name
from simgate_airflow.gate import question
from simgate_airflow.run import dataset_run, release_run
from simgate_airflow.ui.address import candidate_url, report_url
from tests.plugins.test_runs import built, context, make, store
from tests.plugins.wire import Wire
from tests.servers.guarded import simgate
from tests.servers.minio import MinioServer

__all__ = ["store"]
PAGE = b"<!doctype html><title>a page</title>"


@dataclass(frozen=True)
class Room:
    """A store in MinIO, and a folder with accounts of it; people reach the server by another name."""

    server: Server
    keys: Path
    public: str

    @property
    def root(self) -> Store:
        return Store(self.server.url, self.server.keys)

    def account(self, role: Role, domain: str = "main") -> Store:
        store_key.make_keys(self.server, [role], domain, self.keys, rotate=False, public_endpoint=self.public)
        return Store(self.server.url, StoreKeys.load(self.keys / role_name(role, domain)))


@pytest.fixture(scope="module")
def room(minio: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Room:
    minio.client().make_bucket("links")
    server = Server("links", "pages", minio.keys)
    return Room(server, tmp_path_factory.mktemp("pages"), minio.url.replace("127.0.0.1", "localhost"))


@pytest.fixture(scope="module")
def reader(room: Room) -> Store:
    room.root.put(f"runs/a/{REPORT_NAME}", PAGE)
    return room.account("reader")


def fetch(url: str, method: str = "GET") -> tuple[int, str, bytes]:
    """Status, media type and bytes, as a browser without an account has them."""
    asked = urllib.request.Request(url, method=method, data=b"x" if method == "PUT" else None)  # noqa: S310 (our own)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", b""


def test_a_link_shows_one_page_by_the_servers_public_name_and_no_account(room: Room, reader: Store) -> None:
    link = reader.link(f"runs/a/{REPORT_NAME}", 60)
    assert link.startswith(f"{room.public}/links/pages/runs/a/{REPORT_NAME}?")
    assert fetch(link) == (200, "text/html; charset=utf-8", PAGE)


def test_a_link_opens_nothing_else_and_writes_nothing(room: Room, reader: Store) -> None:
    room.root.put("runs/a/other.html", PAGE)
    link = reader.link(f"runs/a/{REPORT_NAME}", 60)
    assert fetch(link.replace(REPORT_NAME, "other.html"))[0] == 403
    assert fetch(link, "PUT")[0] == 403
    assert fetch(link, "DELETE")[0] == 403
    assert fetch(re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=600000", link))[0] == 403
    assert fetch(link.partition("?")[0])[0] == 403


def test_a_link_ends(reader: Store) -> None:
    link = reader.link(f"runs/a/{REPORT_NAME}", 1)
    assert fetch(link)[0] == 200
    time.sleep(2.1)
    assert fetch(link)[0] == 403


def test_a_link_may_no_more_than_who_made_it(room: Room, reader: Store) -> None:
    key = f"runs/a/{REPORT_NAME}"
    assert fetch(room.account("sealer").link(key, 60))[0] == 403, "the sealer reads nothing"
    keys = StoreKeys.load(room.keys / "reader")
    assert keys is not None
    wrong = StoreKeys.from_value({**keys.model_dump(mode="json"), "secret_key": "w" * 40}, what="a wrong key")
    assert fetch(Store(reader.url, wrong).link(key, 60))[0] == 403


def test_a_link_ends_with_the_account_that_made_it(room: Room, tmp_path: Path) -> None:
    own, key = replace(room, keys=tmp_path), f"runs/a/{REPORT_NAME}"
    room.root.put(key, PAGE)
    link = own.account("planner", domain="pr-5").link(key, 60)
    assert fetch(link)[0] == 200
    store_key.make_keys(room.server, ["planner"], "pr-5", tmp_path, rotate=True, public_endpoint="")
    store_key.retire(room.server, "planner", "pr-5", tmp_path)
    assert fetch(link)[0] == 403


def test_the_gates_question_leads_to_pages_under_airflows_login_and_nothing_in_it_opens_the_store(
    room: Room, store: Store, tmp_path: Path, wire: Wire
) -> None:
    dataset_run.publish(built(store, tmp_path / "scenes", "scheduled__1"))
    run = context("release_model.navigator", "manual__1", kind="manual", who="engineer")
    release_run.plan(run)
    make(store, run, "train", "evaluate", "export", "hil")
    digest = release_run.propose_candidate(run)
    drawn = [f"{key.rpartition('/')[0]}/{REPORT_NAME}" for key in store.keys("runs") if "/hil/" in key][:1]
    store.put(drawn[0], PAGE)
    here = question.question(run).body
    room.account("reader")
    store_copy.copy(store, room.root, check=False, tell=lambda _: None)
    wire({"SIMGATE_STORE": room.server.url, "SIMGATE_KEYS": str(room.keys)})
    there = question.question(run).body
    for body in (here, there):
        assert f"({report_url(drawn[0])})" in body
        assert f"({candidate_url('navigator', 'demo', digest)})" in body
        assert "X-Amz-Signature" not in body, "a link that needs no account would outlive whoever may read it"
    every = (room.root.get(key) for key in room.root.keys(""))
    assert not any(b"X-Amz-Signature" in data for data in every)


def test_the_command_prints_a_link_to_the_page_or_to_a_file(
    room: Room, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built(store, tmp_path / "scenes", "scheduled__1")
    (manifest,) = (key for key in store.keys("runs/main/index") if key.endswith("/manifest.json"))

    def said(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = simgate("link", manifest, *words)
        out, err = capsys.readouterr()
        return code, (out or err).strip()

    monkeypatch.setenv("SIMGATE_STORE", store.url)
    assert said() == (1, "error: index drew no page of this run; `simgate show` has it in words")
    assert said("no-such.json")[0] == 2
    assert said("shards.json") == (0, (Path(store.url) / manifest).with_name("shards.json").as_uri())
    store.put(report_of(manifest), PAGE)
    target = replace(room, server=replace(room.server, prefix="command"), keys=tmp_path / "keys")
    target.account("reader")
    store_copy.copy(store, target.root, check=False, tell=lambda _: None)
    monkeypatch.setenv("SIMGATE_STORE", target.server.url)
    monkeypatch.setenv(ROLE_KEYS, str(target.keys / "reader"))
    code, link = said("--hours", "0.5")
    assert code == 0
    assert "X-Amz-Expires=1800" in link
    assert fetch(link)[2] == PAGE
