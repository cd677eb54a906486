"""Policy: what a browser may do with an answer of ours.

A report is made from other people's scenes, names and labels. It is shown in a sandbox: an origin of its own, without
scripts, forms, cookies or network, so that whatever got through into it can neither act nor tell. Pages of ours have no
script either; they may frame files of this origin and show pictures of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

_NEVER = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
FILE_POLICY = f"{_NEVER}; style-src 'unsafe-inline'; img-src data:; sandbox"
"""Content-Security-Policy of every file of the store."""
COMMON: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Whoever logs out, or loses a permission, sees it no longer.
    "Cache-Control": "private, no-store",
}


def file_headers() -> dict[str, str]:
    """Return headers of a file of the store."""
    return {**COMMON, "Content-Security-Policy": FILE_POLICY}


def page_headers(style: str, *, pictures: bool = False) -> dict[str, str]:
    """Return the headers of a page of ours with this one style sheet; `pictures` allows pictures inside it."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"{_NEVER}; style-src 'sha256-{digest}'; img-src 'self'{' data:' if pictures else ''}; frame-src 'self'"
    return {**COMMON, "Content-Security-Policy": policy}
