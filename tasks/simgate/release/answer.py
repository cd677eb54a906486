"""Answer: whether the record that a ledger entry names is the answer that the entry says it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simgate.core.storage.store import Store
from simgate.release.approval import (
    REJECT,
    ApprovalRecord,
    answer_problems,
    approved_why,
    author_problems,
    responder_name,
    subject_of,
)
from simgate.release.approvals import approvals_prefix, read_approval
from simgate.release.candidate import CLOCKS_DIFFER, CandidateEntry
from simgate.release.entry import LedgerEntry
from simgate.release.policy import Rules
from simgate.release.rights import AUTOMATIC_NAME


def promotion_problems(
    store: Store, rules: Rules, entry: LedgerEntry, candidate: CandidateEntry, newer: Sequence[CandidateEntry]
) -> Iterator[str]:
    """Yield each reason why a promotion's approval does not cover it, by the policy of that time."""
    decision, asked = entry.decision, candidate.candidate
    if asked.policy_sha256 != decision.policy_sha256:
        yield "it was decided under another policy than its candidate was proposed under"
    if asked.replaces != (entry.previous or ""):
        yield "its candidate was proposed to replace another state of the ledger"
    if candidate.at > entry.at + CLOCKS_DIFFER:
        yield f"its candidate is newer than it is ({candidate.at})"
    # One that replaces a later state was proposed afterwards, whatever the planner's clock says.
    rivals = (item for item in newer if item.candidate.replaces == asked.replaces)
    if overtaken := next((item for item in rivals if item.at < entry.at - CLOCKS_DIFFER), None):
        yield f"its candidate was superseded by candidate {overtaken.seq} when it was decided"
    if decision.approval is None:
        yield "it names no approval"
        return
    record = read_approval(store, decision.approval).record
    yield from _record_problems(record, entry, candidate)
    if record.outcome != "accepted" or record.reasons:
        yield f"its approval was {record.outcome}: {'; '.join(record.reasons)}"
    channel = rules.channels.get(asked.channel)
    if channel is None:
        yield f"the policy of that time has no channel {asked.channel!r}"
        return
    yield from answer_problems(rules, channel, candidate, record.gate, at=record.at)
    yield from author_problems(rules, record.gate, frozenset(asked.authors))
    if decision.who != responder_name(rules, record.gate):
        yield f"it says {decision.who!r} decided, its approval says {responder_name(rules, record.gate)!r}"
    if decision.why != approved_why(record.gate):
        yield f"it says {decision.why!r}, its approval says {approved_why(record.gate)!r}"


def settlement_problems(store: Store, rules: Rules, entry: LedgerEntry, candidate: CandidateEntry) -> Iterator[str]:
    """Yield each reason why a settle does not follow from the answer that it names."""
    decision = entry.decision
    if decision.approval is None:
        if decision.who != AUTOMATIC_NAME:
            yield f"it says that {decision.who!r} rejected, and names no answer"
        return
    record = read_approval(store, decision.approval).record
    yield from _record_problems(record, entry, candidate)
    if record.gate.response_received and REJECT in record.gate.chosen_options:
        if record.gate.subject != subject_of(candidate):
            yield f"the gate asked about another candidate: {record.gate.subject!r}"
        if decision.who != responder_name(rules, record.gate):
            yield f"it says {decision.who!r} rejected, the answer says {responder_name(rules, record.gate)!r}"
    elif decision.who != AUTOMATIC_NAME:
        yield f"it says {decision.who!r} rejected, and the answer is no Reject"


def _record_problems(record: ApprovalRecord, entry: LedgerEntry, candidate: CandidateEntry) -> Iterator[str]:
    """Check that the record is about this candidate, holds the entry's answer, and was kept between both."""
    ref, asked = entry.decision.approval, candidate.candidate
    if ref is None or not ref.record.startswith(f"{approvals_prefix(candidate.digest)}/"):
        yield "its approval does not lie in its candidate's folder"
    if (record.candidate, record.model, record.channel) != (candidate.digest, asked.model, asked.channel):
        yield f"its approval is about {record.model} for {record.channel}, candidate {record.candidate[:12]}"
    if ref is not None and record.gate.approval_id != ref.id:
        yield "its approval is another answer than it names"
    if not candidate.at - CLOCKS_DIFFER <= record.at <= entry.at + CLOCKS_DIFFER:
        yield f"its approval was read at {record.at}, not between its candidate and itself"
