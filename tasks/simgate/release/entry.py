"""LedgerEntry: one decision with the complete state after it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from simgate.core.artifact import ManifestRef, Sha256
from simgate.core.document import Document
from simgate.release.policy import Name, Role


class LiveModel(Document):
    """What a channel serves."""

    candidate: Sha256
    engine: Sha256
    """Content digest of the export run."""
    evidence: dict[Role, ManifestRef]
    since: datetime


class ChannelState(Document):
    """One channel after an entry."""

    live: LiveModel | None
    """None: nothing is live."""
    previous: LiveModel | None
    """What a rollback goes back to; None where there is nothing."""


class Quarantined(Document):
    """One content digest that must not go live, nor anything made from it."""

    digest: Sha256
    why: Annotated[str, Field(max_length=2000)]


class Waiver(Document):
    """A named person takes one FAIL of an observation upon them."""

    manifest: Sha256
    """Digest of the FAIL manifest."""
    who: Annotated[str, Field(min_length=1, max_length=200)]
    why: Annotated[str, Field(min_length=1, max_length=2000)]


class State(Document):
    """Everything that holds after an entry."""

    channels: dict[Name, ChannelState]
    quarantined: tuple[Quarantined, ...]
    waivers: tuple[Waiver, ...]


EMPTY = State(channels={}, quarantined=(), waivers=())


class LedgerBody(Document):
    """One decision."""

    version: Literal[1] = 1
    action: Literal["promote", "quarantine", "rollback", "settle", "waive"]
    who: Annotated[str, Field(min_length=1, max_length=200)]
    why: Annotated[str, Field(max_length=4000)]
    approval: str
    """Id of the approval that was used up; empty where none is needed."""
    after: State


class LedgerEntry(LedgerBody):
    """A decision with its place in the ledger."""

    seq: int
    id: str
    at: datetime
    previous: Sha256 | None
    sha256: Sha256
