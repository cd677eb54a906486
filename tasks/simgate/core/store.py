"""The artifact store: one folder or bucket, create-only commits, every read checked against its digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, S3Store

from simgate.core.credentials import StoreKeys
from simgate.core.errors import AlreadyExists, DigestMismatch, InputError, NotFound, StoreError

CHUNK_BYTES = 4 * 1024 * 1024
MAX_SMALL_BYTES = 16 * 1024 * 1024


class Located(Protocol):
    """Bytes that say where they lie and what they are."""

    @property
    def uri(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Store:
    """Objects under keys, in a local folder (`/path`, `file:///path`) or a bucket (`s3://bucket/prefix`)."""

    def __init__(self, url: str, keys: StoreKeys | None = None) -> None:
        self.url = _normal(url)
        self._keys = keys
        self._pid = 0
        self._backend: LocalStore | S3Store | None = None

    @property
    def _store(self) -> LocalStore | S3Store:
        # obstore's runtime does not survive a fork: each process opens its own.
        if self._backend is None or self._pid != os.getpid():
            self._backend, self._pid = _open(self.url, self._keys), os.getpid()
        return self._backend

    def get(self, key: str, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
        """The bytes of one small object; NotFound, or StoreError beyond `max_bytes`."""
        return b"".join(self._chunks(key, max_bytes))

    def _chunks(self, key: str, max_bytes: int | None) -> Iterator[bytes]:
        try:
            result = obstore.get(self._store, key)
            size = result.meta["size"]
            if max_bytes is not None and size > max_bytes:
                raise StoreError(f"object {key} is too large", actual=f"{size} bytes", expected=f"at most {max_bytes}")
            for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)
        except FileNotFoundError as error:
            raise NotFound(f"object {key} does not exist", expected=f"in {self.url}") from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot read {key} from {self.url}: {error}") from error

    def read(self, artifact: Located, *, max_bytes: int = MAX_SMALL_BYTES) -> bytes:
        """The artifact's bytes, checked against its digest."""
        data = self.get(artifact.uri, max_bytes=max_bytes)
        _check(artifact, hashlib.sha256(data).hexdigest())
        return data

    def fetch(self, artifact: Located, to: Path) -> Path:
        """Stream the artifact into the file `to`, checked while being read; a mismatch leaves no file."""
        to.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        partial = to.with_name(to.name + ".partial")
        try:
            with partial.open("wb") as file:
                for chunk in self._chunks(artifact.uri, None):
                    digest.update(chunk)
                    file.write(chunk)
            _check(artifact, digest.hexdigest())
            partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
        return to

    def digest(self, key: str) -> str:
        """The SHA-256 of an object's bytes, streamed."""
        digest = hashlib.sha256()
        for chunk in self._chunks(key, None):
            digest.update(chunk)
        return digest.hexdigest()

    def create(self, key: str, data: bytes) -> None:
        """Commit a small object; AlreadyExists if other bytes were there first.

        A server may store, then drop the connection: the retry is told "exists" for its own bytes. So that answer is
        read back, and the same bytes count as ours.
        """
        try:
            obstore.put(self._store, key, data, mode="create", use_multipart=False)
        except (AlreadyExistsError, FileExistsError) as error:
            if self.get(key) != data:
                raise AlreadyExists(f"object {key} is taken by other bytes") from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot create {key} in {self.url}: {error}") from error

    def put(self, key: str, data: bytes | Path) -> None:
        """Write an object of any size under a key that nobody else writes (an attempt's own folder)."""
        try:
            if isinstance(data, Path):
                obstore.put(self._store, key, data)
            else:
                obstore.put(self._store, key, data)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot write {key} in {self.url}: {error}") from error

    def exists(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot look up {key} in {self.url}: {error}") from error
        return True

    def keys(self, prefix: str) -> list[str]:
        """All keys under a folder `prefix`, sorted."""
        try:
            pages = obstore.list(self._store, prefix=prefix)
            return sorted(item["path"] for page in pages for item in page)
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot list {prefix} in {self.url}: {error}") from error

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except (obstore.exceptions.BaseError, OSError) as error:
            raise StoreError(f"cannot delete {key} in {self.url}: {error}") from error


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
        return url.rstrip("/")
    if "://" in url and not url.startswith("file://"):
        raise InputError("unknown kind of store", actual=url, expected="a folder, file:///folder or s3://bucket/prefix")
    return str(Path(url.removeprefix("file://")).expanduser().resolve())


def _open(url: str, keys: StoreKeys | None) -> LocalStore | S3Store:
    if url.startswith("s3://"):
        account: dict[str, str] = {}
        if keys is not None:
            account = {
                "access_key_id": keys.access_key,
                "secret_access_key": keys.secret_key.get_secret_value(),
                "region": keys.region,
                **({"endpoint": keys.endpoint} if keys.endpoint else {}),
            }
        return S3Store.from_url(url, client_options={"timeout": timedelta(seconds=60), "allow_http": True}, **account)  # type: ignore[arg-type]
    Path(url).mkdir(parents=True, exist_ok=True)
    return LocalStore(url)
