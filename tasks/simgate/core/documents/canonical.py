"""Canonical JSON (RFC 8785): one value has one spelling, so a digest of it means something."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import rfc8785

from simgate.core.errors import InputError

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_DIGITS = 20
"""Of an integer in JSON: 64 bits."""
MAX_SAID_CHARACTERS = 200
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""Matches an escape that may be a lone surrogate; two that belong together are a character."""


def canonical_json(value: Any, *, what: str = "value") -> bytes:
    """Return the RFC 8785 bytes of `value`; integers within ±2⁵³, no NaN. An error names it as `what`."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise InputError(
            f"{what} is not representable as canonical JSON: {str(error)[:MAX_SAID_CHARACTERS]}",
            remedy="use finite numbers within ±2⁵³, and text that UTF-8 can hold",
        ) from error


def sha256_hex(data: bytes) -> str:
    """Return the lower-case hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def parse_json(data: bytes, *, what: str, max_bytes: int = MAX_DOCUMENT_BYTES) -> Any:
    """Return the JSON value of bounded, untrusted bytes.

    Refused are NaN, infinities, integers of more than 20 digits, lone surrogates, duplicate keys and trailing bytes.
    """
    if len(data) > max_bytes:
        raise InputError(f"{what} is too large", actual=f"{len(data)} bytes", expected=f"at most {max_bytes}")
    try:
        # json's own decoding lets a lone surrogate pass.
        text = data.decode(json.detect_encoding(data))
        value = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_no_duplicates,
            parse_int=_integer, parse_float=_finite,
        )  # fmt: skip
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not JSON: {str(error)[:MAX_SAID_CHARACTERS]}", remedy="write it again") from error


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > MAX_DIGITS:
        raise ValueError(f"an integer has {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same key twice")
    return result
