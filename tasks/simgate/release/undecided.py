"""Undecided: a note that a candidate's gate is over and nobody decided, so that the candidate is proposed anew."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from simgate.core.store import Store
from simgate.release.approval import ApprovalRecord, GateRecord


def note_undecided(store: Store, candidate: str, gate: GateRecord, why: str) -> None:
    """Keep the note beside the candidate's answers, once; it quarantines nothing and moves no ledger."""
    if any(record.gate == gate and record.reasons == (why,) for record in _records(store, candidate)):
        return
    now = datetime.now(UTC)
    record = ApprovalRecord(outcome="refused", reasons=(why,), responder="nobody", gate=gate, at=now)
    store.create(f"approvals/{candidate}/{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.json", record.to_json())


def gate_is_over(store: Store, candidate: str) -> bool:
    """Whether an answer was refused, or none came and none can: a gate asks once, so a new candidate is needed."""
    return any(record.outcome == "refused" for record in _records(store, candidate))


def _records(store: Store, candidate: str) -> list[ApprovalRecord]:
    return [ApprovalRecord.from_json(store.get(key), what=key) for key in store.keys(f"approvals/{candidate}")]
