"""Candidate end: what became of a candidate, by the ledger alone: live, was live, rejected, lapsed, or it waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from simgate.core.documents.when import when
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import LedgerEntry
from simgate.release.judge import ReleaseState
from simgate.release.settle import REJECTED


def candidate_end(release: ReleaseState, entry: CandidateEntry, newest: CandidateEntry) -> Iterator[str]:
    """Say how a candidate ended, first decision first; one without a decision is superseded, lapsed, or waits."""
    if release.problem:
        yield f"The ledger does not hold; only the entries before the fault count here: {release.problem}"
    said = [*_lives(release, entry), *_decisions(release, entry)]
    yield from said or [_undecided(entry, newest)]


def _lives(release: ReleaseState, entry: CandidateEntry) -> Iterator[str]:
    began: LedgerEntry | None = None
    for item in release.entries:
        channel = item.after.channels.get(entry.candidate.channel)
        serves = channel is not None and channel.live is not None and channel.live.candidate == entry.digest
        if serves and began is None:
            began = item
        elif began is not None and not serves:
            yield f"It was live from {when(began.at)} ({_who(began)}) to {when(item.at)} ({_who(item)})."
            began = None
    if began is not None:
        yield f"It is live since {when(began.at)} ({_who(began)})."


def _decisions(release: ReleaseState, entry: CandidateEntry) -> Iterator[str]:
    for item in release.entries:
        if item.action == "settle" and item.decision.subject == entry.digest:
            yield _settled(item, entry)
        elif item.action == "quarantine" and item.decision.subject in (entry.digest, entry.candidate.engine):
            yield f"It was quarantined at {when(item.at)} ({_who(item)})."


def _settled(item: LedgerEntry, entry: CandidateEntry) -> str:
    decided = when(item.decision.decided_at)
    if item.decision.approval is not None:
        reason = item.why.removeprefix(f"{REJECTED}: ")
        return f"It was rejected by {item.who} at {decided}: {reason} (ledger entry {item.seq}; it is quarantined)."
    if item.decision.decided_at >= entry.candidate.expires_at:
        return f"It lapsed at {when(entry.candidate.expires_at)}, and was quarantined at {decided} ({_who(item)})."
    return f"It was refused, and quarantined at {decided} ({_who(item)})."


def _undecided(entry: CandidateEntry, newest: CandidateEntry) -> str:
    ends = entry.candidate.expires_at
    if newest.digest != entry.digest:
        return f"Nobody decided about it: a newer candidate took its place, {newest.digest[:12]} at {when(newest.at)}."
    if ends <= datetime.now(UTC):
        return f"It lapsed at {when(ends)}: nobody decided about it until then."
    return f"It waits for an answer until {when(ends)}."


def _who(item: LedgerEntry) -> str:
    return f"ledger entry {item.seq}, {item.action} by {item.who}: {item.why or 'no reason given'}"
