"""Decision: what a person decides beside promotion, each one ledger entry: quarantine, rollback, waive."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

from simgate.core.errors import Refused
from simgate.core.signature import Signer
from simgate.core.store import Store
from simgate.release.entry import EMPTY, ChannelState, LedgerBody, LedgerEntry, Quarantined, State, Waiver
from simgate.release.evidence import quarantine_problems
from simgate.release.ledger import Ledger
from simgate.release.policy import Policy
from simgate.release.signatures import ledger_problems, signer_problems


def quarantine(
    store: Store, *, model: str, digest: str, who: str, why: str, signer: Signer | None = None
) -> LedgerEntry:
    """Bar a content digest (engine, dataset, shard, candidate) and everything made from it from going live."""
    return Ledger(store, model, signer).append(
        secrets.token_hex(16), lambda head: barred(head, "quarantine", digest, who, why)
    )


def barred(
    head: LedgerEntry | None, action: Literal["quarantine", "settle"], digest: str, who: str, why: str
) -> LedgerBody:
    """The state with one more digest quarantined."""
    state = head.after if head else EMPTY
    kept = tuple(item for item in state.quarantined if item.digest != digest)
    after = State(
        channels=state.channels, quarantined=(*kept, Quarantined(digest=digest, why=why)), waivers=state.waivers
    )
    return LedgerBody(action=action, who=who, why=why, approval="", after=after)


def rollback(
    store: Store,
    *,
    model: str,
    channel: str,
    who: str,
    why: str,
    signer: Signer | None = None,
    policy: Policy | None = None,
) -> LedgerEntry:
    """Put the previous live model back and quarantine the one that was live: one write.

    With a policy that wants the channel signed, only out of a ledger whose every entry is: what is called "previous"
    in a forged one would go live under a good signature.
    """
    rules = policy.channels.get(channel) if policy else None
    if policy is not None and rules is not None and rules.signed:
        _check_sound(store, model, policy, signer)
    return Ledger(store, model, signer).append(
        secrets.token_hex(16), lambda head: _rolled_back(store, head, channel, who, why)
    )


def _check_sound(store: Store, model: str, policy: Policy, signer: Signer | None) -> None:
    problems = [*signer_problems(signer, "ledger", policy.keys), *ledger_problems(store, model, policy.keys)]
    if problems:
        raise Refused(f"the ledger of {model} is not to be believed: " + "; ".join(problems))


def _rolled_back(store: Store, head: LedgerEntry | None, channel: str, who: str, why: str) -> LedgerBody:
    state = head.after if head else EMPTY
    before = state.channels.get(channel)
    if before is None or before.live is None or before.previous is None:
        raise Refused(f"channel {channel} has no previous model to go back to", remedy="see `simgate history`")
    barred_before = list(quarantine_problems(store, before.previous, state))
    if barred_before:
        raise Refused("the previous model may not go live: " + "; ".join(barred_before))
    barred = Quarantined(digest=before.live.engine, why=f"rolled back: {why}"[:2000])
    back = before.previous.model_copy(update={"since": datetime.now(UTC)})
    kept = tuple(item for item in state.quarantined if item.digest != barred.digest)
    after = State(
        channels={**state.channels, channel: ChannelState(live=back, previous=None)},
        quarantined=(*kept, barred),
        waivers=state.waivers,
    )
    return LedgerBody(action="rollback", who=who, why=why, approval="", after=after)


def waive(store: Store, *, model: str, manifest: str, who: str, why: str, signer: Signer | None = None) -> LedgerEntry:
    """A named person takes one FAIL observation upon them."""

    def make(head: LedgerEntry | None) -> LedgerBody:
        state = head.after if head else EMPTY
        after = State(
            channels=state.channels,
            quarantined=state.quarantined,
            waivers=(*state.waivers, Waiver(manifest=manifest, who=who, why=why)),
        )
        return LedgerBody(action="waive", who=who, why=why, approval="", after=after)

    return Ledger(store, model, signer).append(secrets.token_hex(16), make)
