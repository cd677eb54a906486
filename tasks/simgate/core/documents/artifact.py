"""Artifact and references: bytes by name, place and digest."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from simgate.core.documents.document import Document

MAX_KEY_CHARACTERS = 900


def _plain(key: str) -> str:
    """Refuse keys that could leave the store or a folder."""
    parts = key.split("/")
    if key.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\\" in key or not key.isprintable():
        raise ValueError(f"{key!r} is not a plain relative path")
    return key


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
StoreKey = Annotated[str, Field(min_length=1, max_length=MAX_KEY_CHARACTERS), AfterValidator(_plain)]
"""A path inside the store: relative, no `..`, forward slashes. So a store can be moved or restored as a whole."""


class Artifact(Document):
    """One file that a run left."""

    name: StoreKey
    """Readable name, unique in its manifest, e.g. `splits/train.json`."""
    uri: StoreKey
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]
    media_type: str


class ManifestRef(Document):
    """A manifest by place and by the digest of its bytes."""

    uri: StoreKey
    sha256: Sha256
