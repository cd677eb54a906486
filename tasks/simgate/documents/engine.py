"""EngineBundle: `engine/engine.json`, what an engine is, what it was built for, and each of its files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.document import Document

NAME = "engine.json"
FOLDER = "engine"
"""Folder of the bundle among export's outputs."""
MAX_FILES = 64
MAX_BUNDLE_BYTES = 4 * 1024**3
PLAIN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""Names of files lie in one folder: none of them leads out of it."""


class EngineFile(Document):
    """One file of the bundle."""

    name: Annotated[str, Field(pattern=PLAIN_NAME)]
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0, le=MAX_BUNDLE_BYTES)]


class EngineBundle(Document):
    """`engine.json`."""

    version: Literal[1] = 1
    family: str
    contract: dict[str, Any]
    """The family's own: inputs and outputs by name with shapes and dtypes, and how they are filled and read."""
    target: str
    precision: str
    runtime: dict[str, str]
    """Versions of the distributions that built it, by name: no other version opens it."""
    files: Annotated[tuple[EngineFile, ...], Field(min_length=1, max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _names_differ(self) -> EngineBundle:
        names = [file.name for file in self.files]
        if len({*names, NAME}) != len(names) + 1:
            raise ValueError(f"a file is named twice, or is called {NAME}: {names}")
        return self
