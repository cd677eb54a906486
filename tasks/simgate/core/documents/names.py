"""Patterns of names and digests: of a stage, a package, a document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Split = Literal["train", "eval"]
Drive = Literal["differential", "holonomic"]
"""Motion of a robot's base; a holonomic one also moves sideways."""
RelativePath = Annotated[str, Field(min_length=1, max_length=512)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
