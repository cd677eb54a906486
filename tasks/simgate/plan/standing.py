"""Standing: how a slot stands, read from the store alone; no exit code, pod state or XCom is believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simgate.core.errors import Inconclusive
from simgate.core.runtime.attempt import Failure, Started, Verdict, read_verdict
from simgate.core.runtime.manifest import MANIFEST_NAME, Manifest
from simgate.core.storage.many import at_once
from simgate.core.storage.memo import committed_run, runs_prefix
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, parts_of
from simgate.plan.record import TaskLine

NOT_BEGUN = "no attempt was begun"
MAX_INCONCLUSIVE = 3
"""Observations that prove nothing may be tried twice more, every try kept."""


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt at a slot's key, as it lies in the store."""

    folder: str
    at: datetime
    run_record: str
    failure: Failure | None
    """None: it was committed, still runs, or was killed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a slot in the store now."""

    slot: Slot
    line: TaskLine | None
    """The committed run, None for none."""
    verdict: Verdict | None
    """None for a stage that is no gate, and before the commit."""
    tries: tuple[Try, ...]
    """Uncommitted attempts made for this run, oldest first; empty once it is committed."""

    @property
    def informs(self) -> bool:
        """Whether its verdict only informs: the live model is judged again to be compared with, and passed its gates
        when it went live.
        """
        return self.slot.name.subject == "live"

    @property
    def failed_gate(self) -> bool:
        """Whether it is committed with the verdict FAIL."""
        return self.verdict is not None and self.verdict.verdict == "FAIL"

    def hopeless(self, before: frozenset[str]) -> str:
        """Say why another try cannot help, or nothing. Only the newest attempt that is not in `before` counts."""
        inconclusive = [a for a in self.tries if a.failure and a.failure.error == Inconclusive.__name__]
        if len(inconclusive) >= MAX_INCONCLUSIVE:
            return f"{len(inconclusive)} observations proved nothing; the last: {_message(inconclusive[-1])}"
        new = [a for a in self.tries if a.folder not in before]
        if new and new[-1].failure is not None and new[-1].failure.exit_code == 2:
            return f"its input is wrong: {_message(new[-1])}"
        return ""

    def ending(self, before: frozenset[str]) -> str:
        """Say how the newest attempt that is not in `before` ended."""
        new = [a for a in self.tries if a.folder not in before]
        if not new:
            return NOT_BEGUN
        failure = new[-1].failure
        if failure is None:
            return f"killed (attempt {new[-1].folder} left neither manifest nor failure.json)"
        return f"ended with {failure.exit_code}, {failure.error}: {failure.message}"


def standing(store: Store, slot: Slot, run_record: str) -> Standing:
    """Recompute the slot's key, read its memo, its verdict, and where nothing is committed its attempts."""
    return standings(store, [slot], run_record)[0]


def standings(store: Store, slots: Sequence[Slot], run_record: str) -> list[Standing]:
    """Read the state of several slots at the same time: two requests to the store a slot, and one for each different
    input.
    """
    known: dict[str, Manifest] = {}
    keys = [parts_of(store, slot, known).run_key for slot in slots]
    return at_once(lambda pair: _standing(store, *pair, run_record), list(zip(slots, keys, strict=True)))


def _standing(store: Store, slot: Slot, run_key: str, run_record: str) -> Standing:
    run = committed_run(store, slot.job, run_key)
    if run is None:
        prefix = runs_prefix(slot.job.domain, slot.job.stage, run_key)
        return Standing(slot, None, None, tuple(_tries(store, prefix, run_record, slot.job.nonce or "")))
    # Whose it is says the manifest: a retry after the commit still made it, a lost race did not.
    outcome: Literal["made", "reused"] = "made" if run.manifest.run_record == run_record else "reused"
    line = TaskLine(slot=slot.name, ref=run.ref, outcome=outcome)
    return Standing(slot, line, read_verdict(store, run.manifest), ())


def _tries(store: Store, prefix: str, run_record: str, nonce: str) -> list[Try]:
    keys = set(store.keys(prefix))
    folders = {key.removesuffix("/started.json") for key in keys if key.endswith("/started.json")}
    found = (_try(store, folder, keys) for folder in folders if f"{folder}/{MANIFEST_NAME}" not in keys)
    mine = (item for item, its_nonce in found if item.run_record == run_record and its_nonce == nonce)
    return sorted(mine, key=lambda item: (item.at, item.folder))


def _try(store: Store, folder: str, keys: set[str]) -> tuple[Try, str]:
    started = Started.from_json(store.get(f"{folder}/started.json"), what=f"{folder}/started.json")
    failure = None
    if (key := f"{folder}/failure.json") in keys:
        failure = Failure.from_json(store.get(key), what=key)
    return Try(folder, started.at, started.run_record, failure), started.nonce


def _message(attempt: Try) -> str:
    return attempt.failure.message if attempt.failure else ""


def tried(found: Iterable[Standing]) -> frozenset[str]:
    """Return the folders of the attempts that are there already: they say nothing of work that begins now."""
    return frozenset(attempt.folder for item in found for attempt in item.tries)
