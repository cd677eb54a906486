"""Commands: `simgate live`, `history` and `verify` on a mutated store in a folder, in this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simgate.cli import main
from tests.mutations.campaign import Mutated
from tests.mutations.honest import MODEL, Honest
from tests.mutations.memory_store import MemoryStore
from tests.mutations.readers import Reading

DAMAGED = 3


class Commands:
    """The commands on a folder that is made to hold one mutated store after the other."""

    def __init__(self, honest: Honest, folder: Path, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
        self._honest, self._every = honest, every
        self._folder, self._policy = folder / "store", folder / "policy.yaml"
        self._there: Mapping[str, bytes] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._policy.write_bytes(honest.policy.to_json())
        self._patch = monkeypatch
        self._patch.setattr("os.umask", lambda _mask: 0)

    def __call__(self, mutated: Mutated, reading: Reading, number: int) -> Iterator[str]:
        """What the commands say otherwise than the readers, for one mutation in so many."""
        if number % self._every:
            return
        self._hold(mutated.forgery.store)
        wrong = reading.state is None or bool(reading.state.problem)
        for word in ("live", "history"):
            code, said = self._run(word)
            if (code != 0) != wrong:
                yield f"`{word}` ended with {code}, the judge says: {reading.refusal or 'all holds'}"
            if reading.state is not None and not _agrees(word, said, reading):
                yield f"`{word}` printed something else than what is proven"
        code, _said = self._run("verify", MODEL, "--head", self._honest.entries[-1].sha256)
        if (code == 0) != reading.verified:
            yield f"`verify` ended with {code}, the proof says: {reading.refusal or 'all holds'}"

    def _hold(self, store: MemoryStore) -> None:
        store.write_to(self._folder, self._there)
        self._there = dict(store.files)

    def _run(self, *words: str) -> tuple[int, Any]:
        told = io.StringIO()
        place = ["--json", "--store", str(self._folder), "--policy", str(self._policy)]
        self._patch.setattr(sys, "argv", ["simgate", *words, *place])
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(io.StringIO()):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        try:
            return code, json.loads(told.getvalue())
        except ValueError:
            return code, None


def _agrees(word: str, said: Any, reading: Reading) -> bool:
    state = reading.state
    if state is None:
        return True
    if word == "history":
        # A ledger that is gone altogether has no history to print.
        return bool(said == [entry.model_dump(mode="json") for entry in state.entries] or not state.entries)
    live = {name: now.live.candidate for name, now in state.state.channels.items() if now.live is not None}
    return {row["channel"]: row["candidate"] for row in said or []} == live
