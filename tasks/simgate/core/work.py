"""Work: what a stage is given. Drawn: what its report is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from simgate.core.attempt import Attempt
from simgate.core.events import Events
from simgate.core.inputs import Inputs
from simgate.core.job import Job
from simgate.core.manifest import Manifest
from simgate.core.scratch import Scratch
from simgate.core.spec import Spec
from simgate.core.stop import Stop
from simgate.core.store import Store

S = TypeVar("S", bound=Spec)
MAX_DRAWN_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Work(Generic[S]):
    """What a stage is given."""

    spec: S
    job: Job
    run_key: str
    store: Store
    folder: Path
    """Private local folder, removed afterwards."""
    inputs: Inputs
    outputs: Attempt
    scratch: Scratch
    stop: Stop
    events: Events

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far it has come."""
        self.events.progress(done, total, what)

    def note(self, event: str, **fields: object) -> None:
        """Write a structured line."""
        self.events.emit(event, **fields)


@dataclass(frozen=True)
class Drawn(Generic[S]):
    """What a report is drawn from: a committed manifest and its bytes."""

    spec: S
    manifest: Manifest
    store: Store

    @property
    def names(self) -> tuple[str, ...]:
        """Data outputs and byproducts."""
        return tuple(item.name for item in (*self.manifest.artifacts, *self.manifest.byproducts))

    def read(self, name: str) -> bytes:
        """One output's bytes, checked."""
        return self.store.read(self.manifest.artifact(name), max_bytes=MAX_DRAWN_BYTES)
