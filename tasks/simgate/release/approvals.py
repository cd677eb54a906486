"""Approvals: `approvals/<candidate>/…`, one record of each answer as it was read, signed by who read it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from simgate.core.documents.canonical import parse_json, sha256_hex
from simgate.core.errors import DigestMismatch, InputError
from simgate.core.identity.signature import MAX_ENVELOPE_BYTES, Envelope, Signer
from simgate.core.storage.store import Store
from simgate.release.approval import ApprovalRecord, GateRecord, responder_name
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import ApprovalRef
from simgate.release.policy import Policy

APPROVAL_TYPE = "application/vnd.simgate.approval.v1+json"


@dataclass(frozen=True, slots=True)
class KeptApproval:
    """A record with its signature."""

    record: ApprovalRecord
    envelope: Envelope | None
    """None: it is not signed."""
    sha256: str
    """Digest of the record's own bytes."""


class Approvals:
    """Keeps answers, under the account and in the name of the role that reads the gate."""

    def __init__(self, store: Store, signer: Signer | None = None) -> None:
        self.store = store
        self.signer = signer

    def keep(self, record: ApprovalRecord) -> ApprovalRef:
        """Write one record; how a ledger entry names it."""
        data = record.to_json()
        kept = data if self.signer is None else self.signer.sign(data, APPROVAL_TYPE).to_json()
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        key = f"{approvals_prefix(record.candidate)}/{stamp}.json"
        self.store.create(key, kept)
        return ApprovalRef(id=record.gate.approval_id, record=key, sha256=sha256_hex(data))


def approvals_prefix(candidate: str) -> str:
    """Return the folder of a candidate's records."""
    return f"approvals/{candidate}"


def read_approval(store: Store, ref: ApprovalRef) -> KeptApproval:
    """Return the record that a ledger entry names, its digest checked."""
    kept = read_kept(store, ref.record)
    if kept.sha256 != ref.sha256:
        raise DigestMismatch(
            f"approval {ref.record} is not the one that the ledger names", actual=kept.sha256, expected=ref.sha256
        )
    return kept


def kept_approvals(store: Store, candidate: str) -> list[KeptApproval]:
    """Return every record about a candidate, oldest first."""
    return [read_kept(store, key) for key in store.keys(approvals_prefix(candidate))]


def read_kept(store: Store, key: str) -> KeptApproval:
    """Read one record from its key."""
    data = store.get(key, max_bytes=MAX_ENVELOPE_BYTES)
    value = parse_json(data, what=key, max_bytes=MAX_ENVELOPE_BYTES)
    if not isinstance(value, dict) or "payloadType" not in value:
        return KeptApproval(ApprovalRecord.from_value(value, what=f"approval {key}"), None, sha256_hex(data))
    envelope = Envelope.from_value(value, what=f"envelope of {key}")
    if envelope.payload_type != APPROVAL_TYPE:
        raise InputError(f"{key} is no approval", actual=envelope.payload_type, expected=APPROVAL_TYPE)
    record = ApprovalRecord.from_json(envelope.body, what=f"approval {key}")
    return KeptApproval(record, envelope, sha256_hex(envelope.body))


def keep_answer(
    approvals: Approvals, policy: Policy, entry: CandidateEntry, gate: GateRecord, reasons: Sequence[str]
) -> ApprovalRef:
    """Keep an answer with its outcome: accepted, or refused with reasons."""
    record = ApprovalRecord(
        model=entry.candidate.model, channel=entry.candidate.channel, candidate=entry.digest,
        outcome="refused" if reasons else "accepted", reasons=tuple(reasons),
        responder=responder_name(policy, gate), gate=gate, at=datetime.now(UTC),
    )  # fmt: skip
    return approvals.keep(record)
