"""LedgerEntry: one decision, what it was based on, and the complete state after it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from simgate.core.documents.artifact import ManifestRef, Sha256, StoreKey
from simgate.core.documents.document import Document
from simgate.core.storage.journal import Entry
from simgate.release.policy import Name, Role

Action = Literal["promote", "quarantine", "rollback", "settle", "waive"]


class LiveModel(Document):
    """The model that a channel serves."""

    candidate: Sha256
    engine: Sha256
    """Content digest of the export run."""
    evidence: dict[Role, ManifestRef]
    since: AwareDatetime


class ChannelState(Document):
    """One channel after an entry."""

    live: LiveModel | None
    """None: nothing is live."""
    previous: LiveModel | None
    """The model that a rollback restores; None where there is none."""


class Quarantined(Document):
    """One digest that must not go live, nor anything made from it: of content, of a manifest, or of a candidate."""

    digest: Sha256
    why: Annotated[str, Field(max_length=2000)]


class Waiver(Document):
    """A named person accepts one FAIL observation, for one channel."""

    manifest: Sha256
    """Digest of the FAIL manifest."""
    channel: Name
    who: Annotated[str, Field(min_length=1, max_length=200)]
    second: Annotated[str, Field(max_length=200)]
    """The second person; empty where the channel wants one only."""
    why: Annotated[str, Field(min_length=1, max_length=2000)]


class State(Document):
    """Everything that holds after an entry."""

    channels: dict[Name, ChannelState]
    quarantined: tuple[Quarantined, ...]
    waivers: tuple[Waiver, ...]


EMPTY = State(channels={}, quarantined=(), waivers=())


class ApprovalRef(Document):
    """The answer that a decision used, by the record that is kept of it."""

    id: Sha256
    """`GateRecord.approval_id`: one answer, used once."""
    record: StoreKey
    """`approvals/<candidate>/<time>.json`."""
    sha256: Sha256
    """Digest of the record itself, without its signature."""


class Decision(Document):
    """A decision by a person or a rule. The state after it follows from it and from the state before."""

    action: Action
    channel: Name | Literal[""]
    """Channel that is released into; empty for a quarantine, which holds for every channel."""
    subject: Sha256
    """promote, settle: the candidate. rollback: the candidate that comes back. quarantine: the digest that is barred.
    waive: the manifest of the FAIL."""
    who: Annotated[str, Field(min_length=1, max_length=200)]
    second: Annotated[str, Field(max_length=200)] = ""
    """A second person; empty where one is enough."""
    why: Annotated[str, Field(max_length=4000)]
    approval: ApprovalRef | None
    """None where no answer was given: by hand, or where the gate lapsed."""
    policy_sha256: Sha256
    """The policy that was in force; it is kept as `policies/<sha256>.json`."""
    decided_at: AwareDatetime
    """Time by the decider's clock; not later than the entry's own time."""


class LedgerBody(Document):
    """One decision and the state after it."""

    version: Literal[2] = 2
    decision: Decision
    after: State


class LedgerEntry(LedgerBody):
    """A decision with its place in the ledger."""

    seq: int
    id: str
    at: AwareDatetime
    previous: Sha256 | None
    sha256: Sha256

    @classmethod
    def of(cls, entry: Entry) -> LedgerEntry:
        """Return a ledger entry from its journal's entry."""
        place = {
            "seq": entry.seq, "id": entry.id, "at": entry.at.isoformat(), "previous": entry.previous,
            "sha256": entry.sha256,
        }  # fmt: skip
        return cls.from_value({**entry.body, **place}, what=f"ledger entry {entry.seq}")

    @property
    def action(self) -> Action:
        """The kind of decision."""
        return self.decision.action

    @property
    def approval_id(self) -> str:
        """The answer that was used up; empty where none was needed."""
        return self.decision.approval.id if self.decision.approval else ""

    @property
    def who(self) -> str:
        """The person or responder that decided."""
        return self.decision.who

    @property
    def why(self) -> str:
        """The reason of the decision."""
        return self.decision.why
