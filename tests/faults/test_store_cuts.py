"""Cut connections, dropped answers, storms of 503: no half-visible object, no lost or doubled commit."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simgate.core.errors import AlreadyExists
from simgate.core.storage.credentials import ROLE_KEYS
from simgate.core.storage.journal import Journal
from simgate.core.storage.store import Store
from tests.faults.line import SEED, Work, append_once, create_once, fetch_whole, put_whole
from tests.probe_jobs import probe_job, read_back, result, run, submit
from tests.servers.minio import MinioServer, write_keys
from tests.servers.proxy import Direction, Proxy


@pytest.mark.parametrize(
    ("work", "points"),
    [(create_once, 42), (append_once, 26), (put_whole, 16), (fetch_whole, 16)],
    ids=["create", "append", "put", "fetch"],
)
def test_a_connection_cut_at_random_points_loses_and_doubles_nothing(
    minio: MinioServer, proxy: Proxy, room: str, tmp_path: Path, work: Work, points: int
) -> None:
    draws = random.Random(SEED)
    calm = minio.store(room)
    store = Store(calm.url, proxy.keys(minio.keys))
    proxy.set()
    work(store, calm, tmp_path)
    passed = {direction: proxy.passed(direction) for direction in ("up", "down")}
    before = proxy.cuts
    for number in range(4 * points):
        if proxy.cuts - before >= points:
            break
        direction: Direction = draws.choice(("up", "down"))
        at = draws.randrange(1, max(2, passed[direction]))
        proxy.set(cut_after={direction: at})
        try:
            work(store, calm, tmp_path)
        except Exception as error:
            raise AssertionError(f"SEED={SEED}: point {number}, cut {direction} after {at} bytes") from error
    assert proxy.cuts - before >= points, f"SEED={SEED}: only {proxy.cuts - before} cuts of {points}"


@pytest.mark.parametrize("swallowed", [1, 2, 5])
def test_a_server_that_stores_then_drops_the_answer_leaves_one_commit_and_the_winner_knows(
    minio: MinioServer, proxy: Proxy, room: str, swallowed: int
) -> None:
    calm = minio.store(room)
    store = Store(calm.url, proxy.keys(minio.keys))
    proxy.set(swallowed_answers=swallowed)
    store.create("memo/x.json", b"mine")
    assert calm.get("memo/x.json") == b"mine"
    for number in range(5):
        proxy.set(swallowed_answers=swallowed)
        Journal(store, "j").append({"number": number}, entry_id=str(number))
    assert [entry.body["number"] for entry in Journal(calm, "j").entries()] == list(range(5))


def test_racers_whose_answers_are_dropped_still_have_exactly_one_winner(
    minio: MinioServer, proxy: Proxy, room: str
) -> None:
    url = minio.store(room).url

    def create(number: int) -> bool:
        try:
            Store(url, proxy.keys(minio.keys)).create("memo/x.json", str(number).encode())
            return True
        except AlreadyExists:
            return False

    proxy.set(swallowed_answers=12)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(8)))
    assert won.count(True) == 1
    assert minio.store(room).get("memo/x.json") == str(won.index(True)).encode()


def test_writers_of_one_journal_over_a_bad_line_keep_one_chain(minio: MinioServer, proxy: Proxy, room: str) -> None:
    calm = minio.store(room)
    stop = threading.Event()
    draws = random.Random(SEED)

    def disturb() -> None:
        while not stop.wait(0.2):
            proxy.set(cut_after={draws.choice(("up", "down")): draws.randrange(1, 5000)})

    def write(writer: int) -> None:
        journal = Journal(Store(calm.url, proxy.keys(minio.keys)), "j")
        for number in range(5):
            journal.append({"writer": writer, "number": number}, entry_id=f"{writer}-{number}")

    disturber = threading.Thread(target=disturb)
    disturber.start()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(write, range(4)))
    stop.set()
    disturber.join()
    entries = list(Journal(calm, "j").entries())
    assert len(done) == 4
    assert len(entries) == len({entry.id for entry in entries}) == 20, f"SEED={SEED}"


def test_a_short_storm_of_503_is_sat_out(minio: MinioServer, proxy: Proxy, room: str, tmp_path: Path) -> None:
    calm = minio.store(room)
    store = Store(calm.url, proxy.keys(minio.keys))
    for work in (create_once, append_once, put_whole, fetch_whole):
        proxy.set(storm=4)
        work(store, calm, tmp_path)
    assert proxy.faults.storm == 0


def test_a_stage_over_a_bad_line_commits_what_it_commits_over_a_good_one(
    minio: MinioServer, proxy: Proxy, room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = random.Random(SEED)
    monkeypatch.setenv(ROLE_KEYS, str(write_keys(proxy.keys(minio.keys), tmp_path / "keys")))
    calm = minio.store(f"{room}/calm")
    job = probe_job(5, files=3, size_bytes=200_000)
    outputs: dict[str, bytes] = {}
    for number in range(4):
        store = minio.store(f"{room}/{number}")
        proxy.set(**({} if number == 0 else _bad_line(draws, number)))
        done = run(store, submit(store, job))
        assert done.returncode == 0, f"SEED={SEED}: {done.stderr}"
        manifest = result(store, job)
        assert manifest is not None
        outputs = outputs or read_back(store, manifest)
        assert read_back(store, manifest) == outputs
        assert len(store.keys("memo")) == 1
    assert calm.keys("") == []


def _bad_line(draws: random.Random, number: int) -> dict[str, object]:
    if number == 1:
        return {"storm": 5}
    if number == 2:
        return {"swallowed_answers": 6}
    return {"cut_after": {"up": draws.randrange(1, 600_000), "down": draws.randrange(1, 10_000)}}
