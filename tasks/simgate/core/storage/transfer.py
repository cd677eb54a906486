"""Transfer: objects of any size in bounded memory, both ways.

A download is read in parts of one version (its e-tag), each a request of its own: a cut costs one part, and a slow link
no time-out of the whole. An upload is sent in parts whose digest is taken on the way.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import obstore
from obstore import Bytes
from obstore.store import LocalStore, S3Store

from simgate.core.errors import NotFound, StoreError
from simgate.core.storage.patience import Patience, persist
from simgate.core.storage.store_errors import code_of, is_missing

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from obstore import GetOptions

Backend: TypeAlias = LocalStore | S3Store
T = TypeVar("T")
C = TypeVar("C", bytes, Bytes)
PART_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
"""A file is read in pieces that stay in the processor's cache."""
MAX_PARTS = 9_000
"""S3 takes 10,000 parts of one upload."""
AHEAD = 3
"""Parts asked for before they are needed."""
UPLOADS = 4
"""Parts under way at once."""


@dataclass(frozen=True)
class Download:
    """One version of an object: its size, and its bytes in chunks."""

    size_bytes: int
    chunks: Iterator[Bytes]


@dataclass(frozen=True)
class Reader:
    """Reads one object."""

    store: Backend
    key: str
    url: str
    patience: Patience

    def first(self) -> Bytes:
        """Return the first part; the whole object where it is shorter than a part. NotFound where there is none."""
        return self._ask(lambda: self._answer().bytes())

    def open(self) -> Download:
        """Look the object up and begin to read it; NotFound where there is none."""
        first, size, e_tag = self._ask(self._first)
        return Download(size, self._parts(first, size, e_tag))

    def _parts(self, first: Bytes, size: int, e_tag: str | None) -> Iterator[Bytes]:
        yield first
        if len(first) == size:
            return
        starts = iter(range(len(first), size, PART_BYTES))
        waiting: deque[Future[Bytes]] = deque()
        pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="store")
        try:
            while True:
                while len(waiting) < AHEAD and (start := next(starts, None)) is not None:
                    waiting.append(pool.submit(self._part, start, min(start + PART_BYTES, size), e_tag))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _first(self) -> tuple[Bytes, int, str | None]:
        result = self._answer()
        meta = result.meta
        return result.bytes(), meta["size"], meta["e_tag"]

    def _answer(self) -> obstore.GetResult:
        try:
            return obstore.get(self.store, self.key, options={"range": (0, PART_BYTES)})
        except obstore.exceptions.GenericError as error:
            if isinstance(self.store, S3Store) and code_of(error) != "InvalidRange":
                raise
            result = obstore.get(self.store, self.key)
            if result.meta["size"]:  # an empty object has no first byte; what else may it be
                raise
            return result

    def _part(self, start: int, end: int, e_tag: str | None) -> Bytes:
        options: GetOptions = {"range": (start, end)}
        if e_tag:
            options["if_match"] = e_tag
        return self._ask(lambda: obstore.get(self.store, self.key, options=options).bytes())

    def _ask(self, action: Callable[[], T]) -> T:
        try:
            return persist(self.patience, f"cannot read {self.key} in {self.url}", action)
        except StoreError as error:
            if error.__cause__ is not None and is_missing(error.__cause__):
                raise NotFound(f"object {self.key} does not exist", expected=f"in {self.url}") from error.__cause__
            raise


@dataclass(frozen=True)
class Upload:
    """A file to send in parts."""

    path: Path
    part_bytes: int
    digest: Hash

    @classmethod
    def of(cls, path: Path) -> Upload:
        """Split a file into parts large enough that S3 takes them all."""
        return cls(path, max(PART_BYTES, -(-path.stat().st_size // MAX_PARTS)), hashlib.sha256())

    def chunks(self) -> Iterator[bytes]:
        """Yield the file's bytes; the digest is taken on the way."""
        with self.path.open("rb", buffering=0) as file:
            yield from digested(self.digest, iter(lambda: file.read(CHUNK_BYTES), b""))


def digested(digest: Hash, chunks: Iterator[C]) -> Iterator[C]:
    """Yield the chunks unchanged and digest each while the caller works on it; complete after the last chunk."""
    with ThreadPoolExecutor(1, thread_name_prefix="digest") as pool:
        taken: Future[None] | None = None
        for chunk in chunks:
            if taken is not None:
                taken.result()
            taken = pool.submit(digest.update, chunk)
            yield chunk
