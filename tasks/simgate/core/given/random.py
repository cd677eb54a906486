"""Counter-based random streams: any episode can be made alone, anywhere, and draws the same numbers."""

from __future__ import annotations

import hashlib

import numpy as np

from simgate.core.documents.canonical import canonical_json


def stream(*key: str | int) -> np.random.Generator:
    """Return the generator of one purpose, e.g. `stream(seed, "office", episode, "lights")`.

    Philox-4x64-10 (Salmon et al., SC 2011), keyed by the first 128 bits of SHA-256 over the canonical JSON of `key`:
    the numbers depend on the key alone, not on who drew before.
    """
    digest = hashlib.sha256(canonical_json(list(key))).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def seed_of(*key: str | int) -> int:
    """Return a 63-bit seed for a library that wants an integer (torch.manual_seed)."""
    digest = hashlib.sha256(canonical_json(list(key))).digest()
    return int.from_bytes(digest[:8], "big") >> 1
