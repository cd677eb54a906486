"""Canonical JSON (RFC 8785): one value has one spelling, so a digest of it means something."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

from simgate.core.errors import InputError

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`; integers within ±2⁵³, no NaN."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise InputError(
            f"not representable as canonical JSON: {error}", remedy="use finite numbers within ±2⁵³"
        ) from error


def sha256_hex(data: bytes) -> str:
    """The lower-case hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def parse_json(data: bytes, *, what: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> Any:
    """The JSON value of bounded, untrusted bytes; NaN, duplicate keys and trailing bytes are refused."""
    if len(data) > max_bytes:
        raise InputError(f"{what} is too large", actual=f"{len(data)} bytes", expected=f"at most {max_bytes}")
    try:
        return json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not JSON: {error}", remedy="write it again") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same key twice")
    return result
