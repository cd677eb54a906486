"""Work, Share, Drawn: what a stage, its helpers on other machines, and its report are given."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from simgate.core.documents.stage_spec import Spec
from simgate.core.given.inputs import Inputs
from simgate.core.given.scratch import Scratch
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import Manifest
from simgate.core.runtime.node import Node
from simgate.core.runtime.stop import Stop
from simgate.core.storage.store import Store

S = TypeVar("S", bound=Spec)
MAX_DRAWN_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Share(Generic[S]):
    """Everything that each machine of a run gets: spec, job, inputs. It holds no way to write into the store."""

    spec: S
    job: Job
    run_key: str
    store: Store
    folder: Path
    """Private local folder, removed afterwards."""
    inputs: Inputs
    scratch: Scratch
    stop: Stop
    events: Events
    node: Node

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far it has come."""
        self.events.progress(done, total, what)

    def note(self, event: str, **fields: object) -> None:
        """Write a structured line."""
        self.events.emit(event, **fields)


@dataclass(frozen=True)
class Work(Share[S]):
    """Everything that a stage gets: its share, and the attempt that it writes to. Of several machines only node 0 has
    it.
    """

    outputs: Attempt


@contextmanager
def private_folder(stage: str) -> Iterator[Path]:
    """Make a local folder for one run, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"simgate-{stage}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Drawn(Generic[S]):
    """The source of a report: a committed manifest and the bytes of its outputs."""

    spec: S
    manifest: Manifest
    store: Store

    @property
    def names(self) -> tuple[str, ...]:
        """Names of data outputs and byproducts."""
        return tuple(item.name for item in (*self.manifest.artifacts, *self.manifest.byproducts))

    def read(self, name: str) -> bytes:
        """Return the bytes of one output, checked against their digest."""
        return self.store.read(self.manifest.artifact(name), max_bytes=MAX_DRAWN_BYTES)
