"""KeptFile: one file of an attempt, streamed from the store in bounded memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import HTTPException
from starlette.responses import Response, StreamingResponse

from simgate.core.errors import DigestMismatch, NotFound
from simgate.core.storage.transfer import Download
from simgate_airflow.ui.attempt_place import refuse_links
from simgate_airflow.ui.headers import file_headers
from simgate_airflow.ui.kept_attempt import KeptAttempt

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".log": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
"""Files that a browser shows; everything else is saved."""
MAX_FILE_BYTES = 1024**3
"""Beyond it `simgate link` and the store's own tools are the way."""
STREAMS = 12
"""Files under way at once; each holds at most 32 MiB of this process."""
PATIENCE_S = 2.0
_PLACES = threading.BoundedSemaphore(STREAMS)


def kept_file(attempt: KeptAttempt, name: str) -> Response:
    """Return the answer that streams one file; NotFound unless the attempt has it by that very name."""
    key = attempt.place.key(name)
    if name not in attempt.names:
        raise NotFound(f"{attempt.place.folder} has no file {quote(name[:80])}")
    artifact = attempt.artifact(name)
    refuse_links(attempt.store, key)
    if not _PLACES.acquire(timeout=PATIENCE_S):
        raise HTTPException(503, "Too many files are being read; try again.", {"Retry-After": "2"})
    place = _held()
    next(place)  # begun, so that it is given back however this ends
    download = attempt.store.open(key)
    if download.size_bytes > MAX_FILE_BYTES:
        raise HTTPException(413, f"{name} has {download.size_bytes:,} bytes; pages show at most {MAX_FILE_BYTES:,}.")
    checked = _checked(download, artifact.sha256 if artifact else None, key)
    first = next(checked, b"")  # damage of a short file is told before anything of it is sent
    return StreamingResponse(_sent(place, chain((first,), checked)), headers=_headers(name, download.size_bytes))


def _held() -> Iterator[bytes]:
    try:
        yield b""
    finally:
        _PLACES.release()


def _sent(place: Iterator[bytes], chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from chunks
    yield from place


def _checked(download: Download, sha256: str | None, key: str) -> Iterator[bytes]:
    """Yield the bytes, the last of them only once the digest of all is the manifest's."""
    digest, held = hashlib.sha256(), b""
    for chunk in download.chunks:
        data = bytes(chunk)
        digest.update(data)
        if held:
            yield held
        held = data
    if sha256 is not None and digest.hexdigest() != sha256:
        raise DigestMismatch(f"file {key} is damaged", actual=digest.hexdigest(), expected=sha256)
    yield held


def _headers(name: str, size_bytes: int) -> dict[str, str]:
    kind = MEDIA_TYPES.get(PurePosixPath(name).suffix)
    headers = {
        **file_headers(), "Content-Type": kind or "application/octet-stream", "Content-Length": str(size_bytes)
    }  # fmt: skip
    if kind is None:
        plain = PurePosixPath(name).name
        headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    return headers
