"""SlotName: which of a stage's runs. Its text is for people and file names; nothing reads it back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.runtime.job import StageName
from simgate.rows.stages import Subject


class ShardName(Document):
    """Episodes of one scene that one run makes."""

    scene: Name
    first_episode: Annotated[int, Field(ge=0)]
    episodes: Annotated[int, Field(ge=1)]

    def __str__(self) -> str:
        return f"{self.scene}[{self.first_episode}+{self.episodes}]"


def _is_none(value: object) -> bool:
    return value is None


class SlotName(Document):
    """One run among those that a stage needs; a stage that runs once has the stage alone."""

    stage: StageName
    subject: Annotated[Subject | None, Field(exclude_if=_is_none)] = None
    """Model that it is about, where the stage runs once for each."""
    shard: Annotated[ShardName | None, Field(exclude_if=_is_none)] = None
    """The part of the dataset that it makes, where each run makes a part."""
    number: Annotated[int | None, Field(ge=0, exclude_if=_is_none)] = None
    """Number among several equal runs."""

    def __str__(self) -> str:
        part = self.subject or self.shard
        numbered = "" if self.number is None else f"[{self.number}]"
        return f"{self.stage}{numbered}" if part is None else f"{self.stage}:{part}"
