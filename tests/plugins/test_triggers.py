from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from airflow.sdk.execution_time.context import AssetStateStoreAccessors
from airflow.triggers.base import TriggerEvent

from simgate.core.errors import StoreError
from simgate.core.storage.heads import push_scenes
from simgate.core.storage.store import Store
from simgate_airflow.run import triggers
from simgate_airflow.run.triggers import WATERMARK, ScenesHeadTrigger, newest_push
from tests.plugins.wire import Wire


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
def store(tmp_path: Path, wire: Wire) -> Store:
    wire({"SIMGATE_STORE": str(tmp_path / "store"), "SIMGATE_POLL_S": "0.1"})
    return Store(str(tmp_path / "store"))


def push(store: Store, folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.usda").write_text(text)
    push_scenes(store, "main", folder, author="a@example.org", message=text)


def watch(mark: Watermark | None) -> ScenesHeadTrigger:
    trigger = ScenesHeadTrigger()  # type: ignore[no-untyped-call]  # its constructor is Airflow's
    trigger.asset_state_store = cast("AssetStateStoreAccessors | None", mark)
    return trigger


async def next_seq(events: AsyncIterator[TriggerEvent]) -> int:
    event = await asyncio.wait_for(anext(events), 5)
    seq: int = event.payload["seq"]
    return seq


def test_a_fresh_watcher_fires_for_the_head_that_is_there_then_for_each_new_one(store: Store, tmp_path: Path) -> None:
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


def test_a_restarted_watcher_goes_on_from_its_watermark(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        for text in ("one", "two"):
            push(store, tmp_path / "scenes", text)
        events = watch(Watermark(2)).run()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.5)

    asyncio.run(story())


def test_an_old_watermark_does_not_blind_the_watcher_to_a_store_that_was_begun_anew(
    store: Store, tmp_path: Path
) -> None:
    push(store, tmp_path / "scenes", "one")
    assert newest_push(store, "main", 7) == 1


def test_a_store_that_is_away_for_a_while_does_not_end_the_watcher(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([StoreError("away"), StoreError("away")])

    def flaky(store: Store, domain: str, seen: int) -> int:
        for error in calls:
            raise error
        return newest_push(store, domain, seen)

    monkeypatch.setattr(triggers, "newest_push", flaky)

    async def story() -> None:
        push(store, tmp_path / "scenes", "one")
        assert await next_seq(watch(None).run()) == 1

    asyncio.run(story())


def test_two_watchers_are_one_to_airflow() -> None:
    assert (
        watch(None).serialize()
        == watch(None).serialize()
        == (
            "simgate_airflow.run.triggers.ScenesHeadTrigger",
            {},
        )
    )
