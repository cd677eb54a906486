"""Envelopes, read as a forger reads them: nothing of them is checked."""

from __future__ import annotations

import base64
import binascii
import json
from functools import lru_cache
from typing import Any


def parsed(data: bytes) -> Any:
    """The JSON value of some bytes; None where they are none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=10_000)
def body_of(data: bytes) -> bytes:
    """What was signed, of an envelope; anything else as it is."""
    value = parsed(data)
    if not isinstance(value, dict) or "payloadType" not in value:
        return data
    try:
        return base64.b64decode(str(value.get("payload", "")), validate=True)
    except binascii.Error:
        return data
