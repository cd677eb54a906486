"""Decisions by hand: what a person decides beside promotion, each one ledger entry: quarantine, rollback, waive."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from simgate.core.errors import Refused
from simgate.core.identity.signature import Signer
from simgate.core.storage.store import Store
from simgate.release.candidate import candidates
from simgate.release.entry import Action, Decision, LedgerEntry
from simgate.release.evidence import damage_problems, quarantine_problems
from simgate.release.judge import ReleaseState
from simgate.release.ledger import Decided, write
from simgate.release.policy import Policy


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word: who decides, why, and who else agrees."""

    who: str
    why: str
    second: str = ""


def by_hand(policy: Policy, action: Action, subject: str, by: Word, *, channel: str = "") -> Decision:
    """Return a decision that no gate was asked about, made now."""
    return Decision(
        action=action, channel=channel, subject=subject, who=by.who, second=by.second, why=by.why, approval=None,
        policy_sha256=policy.sha256, decided_at=datetime.now(UTC),
    )  # fmt: skip


def quarantine(
    store: Store, policy: Policy, *, model: str, digest: str, by: Word, signer: Signer | None = None
) -> LedgerEntry:
    """Bar a digest (engine, dataset, shard, manifest, candidate) and everything made from it from going live."""
    return write(
        store, policy, model, lambda _state: Decided(by_hand(policy, "quarantine", digest, by), None),
        entry_id=secrets.token_hex(16), signer=signer,
    )  # fmt: skip


def waive(
    store: Store, policy: Policy, *, model: str, channel: str, manifest: str, by: Word, signer: Signer | None = None
) -> LedgerEntry:
    """Write that a named person accepts one FAIL observation for one channel; if signed, a second person must."""
    return write(
        store, policy, model,
        lambda _state: Decided(by_hand(policy, "waive", manifest, by, channel=channel), None),
        entry_id=secrets.token_hex(16), signer=signer,
    )  # fmt: skip


def rollback(
    store: Store, policy: Policy, *, model: str, channel: str, by: Word, signer: Signer | None = None
) -> LedgerEntry:
    """Put the previous live model back and quarantine the engine that was live: one write.

    Refused where the previous model, or anything that it was made from, is quarantined, damaged or gone.
    """
    return write(
        store, policy, model, lambda state: _rollback(store, policy, state, channel, by),
        entry_id=secrets.token_hex(16), signer=signer,
    )  # fmt: skip


def _rollback(store: Store, policy: Policy, state: ReleaseState, channel: str, by: Word) -> Decided:
    now = state.state.channels.get(channel)
    if now is None or now.previous is None:
        raise Refused(f"channel {channel} has no previous model to go back to", remedy="see `simgate history`")
    back = now.previous
    problems = [*quarantine_problems(store, back, state.state), *damage_problems(store, back)]
    if problems:
        raise Refused("the previous model may not go live: " + "; ".join(problems))
    candidate = candidates(store, state.model, channel).find(back.candidate)
    return Decided(by_hand(policy, "rollback", back.candidate, by, channel=channel), candidate)
