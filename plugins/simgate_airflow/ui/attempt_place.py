"""AttemptPlace: one attempt's folder, named by whoever asks for a page; nothing that leads out of it is a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from simgate.core.errors import NotFound
from simgate.core.storage.memo import runs_prefix
from simgate.core.storage.store import Store

_PARTS = {
    "domain": re.compile(r"main|pr-[1-9][0-9]{0,8}"),
    "stage": re.compile(r"[a-z][a-z0-9]{1,30}"),
    "run_key": re.compile(r"[0-9a-f]{64}"),
    "attempt": re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}"),
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,199}")
"""One part of a file's name: it begins with no dot, so neither `.` nor `..` is one."""
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class AttemptPlace:
    """`runs/<domain>/<stage>/<key>/<attempt>`."""

    domain: str
    stage: str
    run_key: str
    attempt: str

    def __post_init__(self) -> None:
        for name, pattern in _PARTS.items():
            if pattern.fullmatch(getattr(self, name)) is None:
                raise NotFound(f"no attempt has such a {name.replace('_', ' ')}", actual=_said(getattr(self, name)))

    @property
    def folder(self) -> str:
        """The attempt's prefix in the store."""
        return f"{runs_prefix(self.domain, self.stage, self.run_key)}/{self.attempt}"

    def key(self, name: str) -> str:
        """Return the key of one of its files; NotFound for anything but a plain name below the folder."""
        parts = name.split("/")
        if len(parts) > MAX_DEPTH or any(_NAME.fullmatch(part) is None for part in parts):
            raise NotFound("no file has such a name", actual=_said(name))
        return f"{self.folder}/{name}"


def place_of(uri: str) -> AttemptPlace:
    """Return the attempt that a file of the store belongs to; NotFound where it belongs to none."""
    parts = uri.split("/")
    if len(parts) < 6 or parts[0] != "runs":
        raise NotFound("this belongs to no attempt", actual=_said(uri), expected="runs/…")
    return AttemptPlace(*parts[1:5])


def refuse_links(store: Store, key: str) -> None:
    """Raise NotFound where a part of the key is a link in a folder store, wherever the link leads."""
    if store.url.startswith("s3://"):
        return
    root = Path(store.url).resolve()
    if (root / key).resolve() != root / key:
        raise NotFound(f"{key} is a link, and links are not followed")


def _said(text: str) -> str:
    return quote(text[:80])
