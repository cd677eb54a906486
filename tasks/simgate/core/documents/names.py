"""Where a document, a spec and a file are told by name or digest."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Split = Literal["train", "eval"]
RelativePath = Annotated[str, Field(min_length=1, max_length=512)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
