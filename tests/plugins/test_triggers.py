from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simgate.core.errors import StoreError
from simgate.core.storage.heads import push_scenes
from simgate.core.storage.store import Store
from simgate_airflow.run import triggers
from simgate_airflow.run.triggers import WATERMARK, ScenesHeadTrigger, newest_push


class Watermark:
    """Airflow's asset state store, in memory."""

    def __init__(self, value: int = 0) -> None:
        self.value = value

    async def aget(self, key: str, default: int = 0) -> int:
        assert key == WATERMARK
        return self.value or default

    async def aset(self, key: str, value: int) -> None:
        assert key == WATERMARK
        self.value = value


@pytest.fixture
def store(tmp_path: Path, wire) -> Store:
    wire({"SIMGATE_STORE": str(tmp_path / "store"), "SIMGATE_POLL_S": "0.1"})
    return Store(str(tmp_path / "store"))


def push(store: Store, folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.usda").write_text(text)
    push_scenes(store, "main", folder, author="a@example.org", message=text)


def watch(mark: Watermark | None) -> ScenesHeadTrigger:
    trigger = ScenesHeadTrigger()
    trigger.asset_state_store = mark
    return trigger


async def next_seq(events) -> int:
    event = await asyncio.wait_for(anext(events), 5)
    return event.payload["seq"]


def test_a_fresh_watcher_fires_for_the_head_that_is_there_then_for_each_new_one(store: Store, tmp_path: Path):
    async def story() -> None:
        push(store, tmp_path / "scenes", "one")
        mark = Watermark()
        events = watch(mark).run()
        assert await next_seq(events) == 1
        assert mark.value == 0, "kept after the yield, or a crash between would lose the event"
        push(store, tmp_path / "scenes", "two")
        assert await next_seq(events) == 2
        assert mark.value == 1

    asyncio.run(story())


def test_a_restarted_watcher_goes_on_from_its_watermark(store: Store, tmp_path: Path):
    async def story() -> None:
        for text in ("one", "two"):
            push(store, tmp_path / "scenes", text)
        events = watch(Watermark(2)).run()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.5)

    asyncio.run(story())


def test_an_old_watermark_does_not_blind_the_watcher_to_a_store_that_was_begun_anew(store: Store, tmp_path: Path):
    push(store, tmp_path / "scenes", "one")
    assert newest_push(store, "main", 7) == 1


def test_a_store_that_is_away_for_a_while_does_not_end_the_watcher(store: Store, tmp_path: Path, monkeypatch):
    calls = iter([StoreError("away"), StoreError("away")])

    def flaky(*arguments):
        for error in calls:
            raise error
        return newest_push(*arguments)

    monkeypatch.setattr(triggers, "newest_push", flaky)

    async def story() -> None:
        push(store, tmp_path / "scenes", "one")
        assert await next_seq(watch(None).run()) == 1

    asyncio.run(story())


def test_two_watchers_are_one_to_airflow():
    assert (
        ScenesHeadTrigger().serialize()
        == ScenesHeadTrigger().serialize()
        == (
            "simgate_airflow.run.triggers.ScenesHeadTrigger",
            {},
        )
    )
