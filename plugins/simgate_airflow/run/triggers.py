# mypy: allow-untyped-calls
"""ScenesHeadTrigger: fires when the scenes' head of the store moves; runs in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from simgate.core.storage.store import Store

WATERMARK = "scenes_seq"


class ScenesHeadTrigger(BaseEventTrigger):
    """Looks at the journal of pushes and fires once for each new head.

    It has no parameters, so that Airflow keeps one of it however many DAGs watch. A fire that is lost or doubled
    changes nothing: `plan` asks the store.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and arguments by which Airflow restores this trigger."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire for the head that is there if it was not seen yet, then for each new one; never ends."""
        from simgate_airflow.settings import settings
        from simgate_airflow.stores import open_store

        wired = settings()
        store = open_store("reader", wired.domain)
        seen = await self._kept()
        while True:
            head = await self._newest(store, wired.domain, seen)
            if head != seen:
                yield TriggerEvent({"domain": wired.domain, "seq": head})
                # After the yield: kept before it, a crash between the two would lose the event.
                seen = head
                await self._keep(seen)
            await asyncio.sleep(wired.poll_interval_s)

    async def _newest(self, store: Store, domain: str, seen: int) -> int:
        from simgate.core.errors import SimgateError

        try:
            return await asyncio.to_thread(newest_push, store, domain, seen)
        except SimgateError as error:
            # A store that is away for a while must not end the watcher.
            self.log.warning("cannot read the scenes' head, trying again", error=str(error))
            return seen

    async def _kept(self) -> int:
        kept = await self.asset_state_store.aget(WATERMARK, default=0) if self.asset_state_store else 0
        return kept if isinstance(kept, int) else 0

    async def _keep(self, seq: int) -> None:
        if self.asset_state_store:
            await self.asset_state_store.aset(WATERMARK, seq)


def newest_push(store: Store, domain: str, seen: int) -> int:
    """Return the number of the newest push, 0 before the first; costs one look-up while nothing moves."""
    from simgate.core.storage.heads import scenes_journal

    journal = scenes_journal(store, domain)
    if seen == 0 or not store.exists(journal.key(seen)):
        # A fresh watcher, or a store that was begun anew under an old watermark.
        head = journal.head()
        return head.seq if head else 0
    while store.exists(journal.key(seen + 1)):
        seen += 1
    return seen
