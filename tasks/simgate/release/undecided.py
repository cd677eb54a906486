"""Undecided: a note that a candidate's gate is over and nobody decided, so that the candidate is proposed anew."""

from __future__ import annotations

from datetime import UTC, datetime

from simgate.core.storage.store import Store
from simgate.release.approval import ApprovalRecord, GateRecord
from simgate.release.approvals import Approvals, kept_approvals
from simgate.release.candidate import CandidateEntry


def note_undecided(approvals: Approvals, entry: CandidateEntry, gate: GateRecord, why: str) -> None:
    """Keep the note beside the candidate's answers, once; it quarantines nothing and moves no ledger."""
    kept = (item.record for item in kept_approvals(approvals.store, entry.digest))
    if any(record.gate == gate and record.reasons == (why,) for record in kept):
        return
    approvals.keep(
        ApprovalRecord(
            model=entry.candidate.model, channel=entry.candidate.channel, candidate=entry.digest, outcome="refused",
            reasons=(why,), responder="nobody", gate=gate, at=datetime.now(UTC),
        )
    )  # fmt: skip


def gate_is_over(store: Store, candidate: str) -> bool:
    """Return whether promote refused an answer at this gate, or it ended without one: a gate asks once, so it asks no
    more.
    """
    return any(item.record.outcome == "refused" for item in kept_approvals(store, candidate))
