"""Episodes: `episodes.json`, what is fixed over each episode of a shard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.data.sample import Episode

MAX_EPISODES = 100_000


class EpisodesDocument(Document):
    """`episodes.json`, in the shard's order."""

    version: Literal[1] = 1
    episodes: Annotated[tuple[Episode, ...], Field(max_length=MAX_EPISODES)]
