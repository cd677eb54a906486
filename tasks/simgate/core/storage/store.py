"""The artifact store: one folder or bucket, create-only commits, every read checked against its digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError
from obstore.store import LocalStore, S3Store

from simgate.core.errors import AlreadyExists, DigestMismatch, InputError, NotFound, TooLarge
from simgate.core.storage.bucket import bucket_url, open_bucket
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.folder import check_key, check_prefix, refuse_strangers, refuse_strangers_under
from simgate.core.storage.patience import PATIENCE, AskAgain, Patience, persist
from simgate.core.storage.signed_link import attributes, signed
from simgate.core.storage.store_errors import explain, is_missing
from simgate.core.storage.transfer import PART_BYTES, UPLOADS, Backend, Download, Reader, Upload, digested

T = TypeVar("T")
MAX_SMALL_BYTES = 16 * 1024 * 1024
PAGE_KEYS = 1000
"""Keys in one page of a listing, as S3 gives them."""


class Located(Protocol):
    """Bytes named by place and digest."""

    @property
    def uri(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Store:
    """Objects under keys, in a local folder (`/path`, `file:///path`) or a bucket (`s3://bucket/prefix`).

    The same promises over both: an object is there whole or not at all; of several creates of one key one wins, and
    the winner knows; a read gives the bytes of one version. A bucket may be away for a while (`Patience`): what is safe
    to ask twice is asked again, with jitter. What is no key is an InputError; what is neither file nor folder (a link,
    a FIFO), a StoreError.
    """

    def __init__(self, url: str, keys: StoreKeys | None = None, *, patience: Patience = PATIENCE) -> None:
        self.url = _normal(url)
        self._keys = keys
        self._patience = patience
        self._pid = 0
        self._backend: Backend | None = None

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def _store(self) -> Backend:
        # obstore's runtime does not survive a fork: each process opens its own.
        if self._backend is None or self._pid != os.getpid():
            self._backend, self._pid = self._open(), os.getpid()
        return self._backend

    def _open(self) -> Backend:
        if self.url.startswith("s3://"):
            return open_bucket(self.url, self._keys, self._patience)
        try:
            Path(self.url).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, f"cannot make the store's folder {self.url}") from error
        return LocalStore(self.url)

    def get(self, key: str, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
        """Return the bytes of one small object; NotFound, or TooLarge beyond `max_bytes`."""
        reader = self._reader(key)
        first = reader.first()
        if len(first) < min(PART_BYTES, max_bytes + 1):
            return first.to_bytes()
        found = reader.open()
        if found.size_bytes > max_bytes:
            raise TooLarge(
                f"object {key} is too large", actual=f"{found.size_bytes} bytes", expected=f"at most {max_bytes}"
            )
        return b"".join(found.chunks)

    def read(self, artifact: Located, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
        """Return the artifact's bytes, checked against its digest."""
        data = self.get(artifact.uri, max_bytes=max_bytes)
        _check(artifact, hashlib.sha256(data).hexdigest())
        return data

    def open(self, key: str) -> Download:
        """Open one version of an object: its size, and its bytes in chunks of bounded memory; NotFound for none."""
        return self._reader(key).open()

    def fetch(self, artifact: Located, to: Path) -> Path:
        """Stream the artifact into the file `to`, checked while being read; a mismatch leaves no file."""
        torn = to.with_name(to.name + ".partial")
        try:
            _check(artifact, self.save(artifact.uri, torn))
            torn.replace(to)
        finally:
            with suppress(OSError):
                torn.unlink()
        return to

    def save(self, key: str, to: Path) -> str:
        """Stream an object into the file `to`, unchecked, and return its SHA-256."""
        digest = hashlib.sha256()
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            with to.open("wb") as file:
                for chunk in digested(digest, self._reader(key).open().chunks):
                    file.write(chunk)
        except OSError as error:
            raise explain(error, f"cannot write {to}") from error
        return digest.hexdigest()

    def digest(self, key: str) -> str:
        """Return the SHA-256 of an object's bytes, streamed."""
        digest = hashlib.sha256()
        for chunk in self._reader(key).open().chunks:
            digest.update(chunk)
        return digest.hexdigest()

    def create(self, key: str, data: bytes) -> None:
        """Commit a small object; AlreadyExists if other bytes were there first.

        A server may store, then drop the connection: the next try is told "exists" for its own bytes. So that answer is
        read back, and the same bytes count as ours.
        """
        self._guard(key)
        self._persist(f"cannot create {key}", lambda: self._create(key, data))

    def _create(self, key: str, data: bytes) -> None:
        try:
            obstore.put(self._store, key, data, mode="create", use_multipart=False)
        except (AlreadyExistsError, FileExistsError) as error:
            try:
                found = self.get(key, max_bytes=len(data))
            except TooLarge:
                raise AlreadyExists(f"object {key} is taken by other bytes") from error
            except NotFound:  # S3 says "conflict" while another create is under way; that one may have failed
                raise AskAgain from error
            if found != data:
                raise AlreadyExists(f"object {key} is taken by other bytes") from error

    def put(self, key: str, data: bytes | Path) -> str:
        """Write an object of any size under a key that nobody else writes; return the SHA-256 of the bytes sent."""
        self._guard(key)
        return self._persist(f"cannot write {key}", lambda: self._put(key, data))

    def _put(self, key: str, data: bytes | Path) -> str:
        shown_as = attributes(key) if isinstance(self._store, S3Store) else {}
        if isinstance(data, Path):
            if data.stat().st_size > PART_BYTES:
                upload = Upload.of(data)
                obstore.put(
                    self._store, key, upload.chunks(),
                    chunk_size=upload.part_bytes, max_concurrency=UPLOADS, attributes=shown_as,
                )  # fmt: skip
                return upload.digest.hexdigest()
            data = data.read_bytes()
        obstore.put(self._store, key, data, use_multipart=False, attributes=shown_as)
        return hashlib.sha256(data).hexdigest()

    def exists(self, key: str) -> bool:
        """Return whether the store holds an object under the key."""
        self._guard(key)
        return self._persist(f"cannot look up {key}", lambda: self._exists(key))

    def _exists(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except (FileNotFoundError, PermissionDeniedError):
            if isinstance(self._store, LocalStore):
                return False
            # A HEAD is answered without words, and "404" may mean the bucket: a GET says which.
            return self._answers(key)
        return True

    def _answers(self, key: str) -> bool:
        try:
            obstore.get(self._store, key)
        except FileNotFoundError as error:
            if not is_missing(error):
                raise
            return False
        return True

    def keys(self, prefix: str) -> list[str]:
        """Return all keys under a folder `prefix`, sorted."""
        return sorted(self.each_key(prefix))

    def each_key(self, prefix: str) -> Iterator[str]:
        """Yield all keys under a folder `prefix`, page by page, in no promised order."""
        self._guard_listing(prefix, deep=True)
        if isinstance(self._store, LocalStore):
            pages = iter(obstore.list(self._store, prefix=prefix))
            while page := self._persist(f"cannot list {prefix}", lambda: next(pages, ())):
                yield from (item["path"] for item in page)
            return
        last: str | None = None
        while names := self._persist(f"cannot list {prefix}", partial(self._page, prefix, last)):
            yield from names
            last = names[-1] if len(names) == PAGE_KEYS else None
            if last is None:
                return

    def children(self, prefix: str) -> tuple[list[str], list[str]]:
        """Return folders and keys directly below a folder `prefix`."""
        self._guard_listing(prefix, deep=False)
        found = self._persist(f"cannot list {prefix}", lambda: obstore.list_with_delimiter(self._store, prefix))
        return sorted(found["common_prefixes"]), sorted(item["path"] for item in found["objects"])

    def _page(self, prefix: str, after: str | None) -> list[str]:
        # A request of its own for each page: a listing that is cut goes on where it was.
        pages = obstore.list(self._store, prefix=prefix, offset=after, chunk_size=PAGE_KEYS)
        return [item["path"] for item in next(iter(pages), ())]

    def link(self, key: str, for_s: float) -> str:
        """Return a URL that reads one object without an account, for at most 7 days; `file://` in a local folder."""
        self._guard(key)
        if isinstance(self._store, LocalStore):
            return (Path(self.url) / key).as_uri()
        return signed(self._store, self.url, self._keys, key, for_s)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        self._guard(key)
        self._persist(f"cannot delete {key}", lambda: self._delete(key))

    def _delete(self, key: str) -> None:
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError as error:
            if not is_missing(error):
                raise

    def _guard(self, key: str) -> None:
        check_key(key)
        if isinstance(self._store, LocalStore):
            refuse_strangers(self.url, key)

    def _guard_listing(self, prefix: str, *, deep: bool) -> None:
        check_prefix(prefix)
        if isinstance(self._store, LocalStore):
            refuse_strangers_under(self.url, prefix, deep=deep)

    def _reader(self, key: str) -> Reader:
        self._guard(key)
        return Reader(self._store, key, self.url, self._patience)

    def _persist(self, doing: str, action: Callable[[], T]) -> T:
        return persist(self._patience, f"{doing} in {self.url}", action)


def _check(artifact: Located, found: str) -> None:
    if found != artifact.sha256:
        raise DigestMismatch(
            f"artifact {artifact.uri} is damaged",
            actual=f"sha256 {found}",
            expected=f"sha256 {artifact.sha256}",
            remedy="delete its run's memo and make it again",
        )


def _normal(url: str) -> str:
    if url.startswith("s3://"):
        return bucket_url(url)
    if "://" in url and not url.startswith("file://"):
        raise InputError(
            "unknown kind of store", actual=url.partition("://")[0] + "://…",
            expected="a folder, file:///folder or s3://bucket/prefix",
        )  # fmt: skip
    return str(Path(url.removeprefix("file://")).expanduser().resolve())
