"""Thumbnails: the pictures of scenes, cut out of the report of an index run."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from html import unescape

from simgate.core.errors import SimgateError
from simgate.core.storage.signed_link import report_of
from simgate.core.storage.store import Store

MAX_REPORT_BYTES = 64 * 1024 * 1024
MAX_PICTURE_BYTES = 4_000_000
PNG = b"\x89PNG\r\n\x1a\n"
_IMAGE = re.compile(r'<img alt="([^"<>]{1,200})" src="data:image/png;base64,([A-Za-z0-9+/]{1,6000000}={0,2})">')


@dataclass(frozen=True, slots=True)
class Picture:
    """One PNG."""

    png: bytes

    @property
    def data_uri(self) -> str:
        """The picture as a `data:` address, encoded anew from its bytes, so that no text of the report gets through."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def thumbnails(store: Store, index_uri: str) -> dict[str, Picture]:
    """Return the picture of each scene; none where no report was drawn or it cannot be read: nothing depends on it."""
    try:
        page = store.get(report_of(index_uri), max_bytes=MAX_REPORT_BYTES).decode("utf-8", "replace")
    except SimgateError:
        return {}
    found: dict[str, Picture] = {}
    for alt, text in _IMAGE.findall(page):
        picture = _picture(text)
        if picture is not None:
            found.setdefault(unescape(alt), picture)
    return found


def _picture(text: str) -> Picture | None:
    try:
        png = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return Picture(png) if png.startswith(PNG) and len(png) <= MAX_PICTURE_BYTES else None
