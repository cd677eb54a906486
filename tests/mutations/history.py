"""Mutations of history: entries replayed, made up, left out, put in another order or cut off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import Refused
from simgate.release.approval import ApprovalRecord
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import ApprovalRef, ChannelState, Decision, LiveModel, State
from simgate.release.transition import state_after
from tests.mutations.blunt import Mutation
from tests.mutations.fields import known_digests
from tests.mutations.forgery import Forgery
from tests.mutations.honest import CANDIDATES, CHANNEL, LEDGER, MODEL, OTHER_CHANNEL
from tests.mutations.leaf import changed
from tests.release_chain import answer

Told = tuple[Decision, State]
"""A decision and the state that the forger says follows from it."""


def replay(forgery: Forgery) -> str:
    """An entry, signed and all, in another place."""
    key = forgery.draws.choice(forgery.keys("ledger/", "candidates/"))
    journal = forgery.draws.choice((LEDGER, CANDIDATES, f"candidates/{MODEL}/{OTHER_CHANNEL}"))
    other = _key(journal, forgery.draws.choice((1, 2, 3, 4, 5, 6, 7)))
    forgery.files[other] = forgery.files[key]
    return f"{key} as {other}"


def replay_renumbered(forgery: Forgery) -> str:
    """What an entry says, once more at the end."""
    journal = forgery.draws.choice((LEDGER, CANDIDATES))
    value = forgery.value(forgery.draws.choice(forgery.keys(f"{journal}/")))
    _append(forgery, journal, value["body"], at=value["at"])
    return f"{value['id'][:24]} at the end of {journal}"


def append_decision(forgery: Forgery) -> str:
    """A decision that nobody made; everything but its signature fits."""
    name = forgery.draws.choice([*LEGAL, *ILLEGAL])
    return _append_told(forgery, name, {**LEGAL, **ILLEGAL}[name])


def abuse_decision(forgery: Forgery) -> str:
    """A decision that nobody may make, by the ledger's own key."""
    forgery.by_right, forgery.role = True, "ledger"
    name = forgery.draws.choice(list(ILLEGAL))
    return _append_told(forgery, name, ILLEGAL[name])


def _append_told(forgery: Forgery, name: str, make: Callable[[Forgery], Told]) -> str:
    decision, after = make(forgery)
    body = {"version": 2, "decision": decision.model_dump(mode="json"), "after": after.model_dump(mode="json")}
    _append(forgery, LEDGER, body)
    return f"{name}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def append_candidate(forgery: Forgery) -> str:
    """A candidate that nobody proposed."""
    value = forgery.value(_key(CANDIDATES, forgery.draws.choice((2, 4))))["body"]
    value["nonce"] = "f" * 32
    value["replaces"] = forgery.honest.entries[-1].sha256
    made, name = changed(value, known_digests(forgery), forgery.draws)
    if forgery.draws.random() < 0.3:
        made["expires_at"] = "2020-01-01T00:00:00Z"
    journal = CANDIDATES
    if forgery.draws.random() < 0.3:
        made["channel"] = OTHER_CHANNEL
        journal = f"candidates/{MODEL}/{OTHER_CHANNEL}"
    _append(forgery, journal, made)
    return f"{name}, in {journal}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def _append(forgery: Forgery, journal: str, body: Any, at: str = "") -> None:
    keys = forgery.keys(f"{journal}/")
    now = at or datetime.now(UTC).isoformat().replace("+00:00", "Z")
    previous = sha256_hex(forgery.body(keys[-1])) if keys else None
    entry = {
        "version": 1, "seq": len(keys) + 1, "id": f"forged-{len(keys)}", "previous": previous, "at": now, "body": body,
    }  # fmt: skip
    key = _key(journal, len(keys) + 1)
    forgery.against(key)
    forgery.write(key, canonical_json(entry))


def cut(forgery: Forgery) -> str:
    """The newest entries."""
    journal = forgery.draws.choice((LEDGER, LEDGER, CANDIDATES))
    gone = forgery.keys(f"{journal}/")[-forgery.draws.randint(1, 5) :]
    for key in gone:
        del forgery.files[key]
    return f"{len(gone)} of {journal}"


def cut_all(forgery: Forgery) -> str:
    """The newest entries, with the candidates and answers that came after them."""
    kept = forgery.draws.randrange(len(forgery.honest.entries))
    for key in forgery.keys(f"{LEDGER}/")[kept:]:
        del forgery.files[key]
    known = {"", *(entry.sha256 for entry in forgery.honest.entries[:kept])}
    for entry in forgery.honest.candidates:
        if entry.candidate.replaces not in known:
            del forgery.files[_key(CANDIDATES, entry.seq)]
            if forgery.draws.random() < 0.7:
                for key in forgery.keys(f"approvals/{entry.digest}/"):
                    del forgery.files[key]
    return f"all after entry {kept}"


def drop(forgery: Forgery) -> str:
    """An entry left out, the later ones renumbered and chained again; the ledger's own key may help."""
    if forgery.draws.random() < 0.5:
        forgery.by_right, forgery.role = True, "ledger"
    values = [forgery.value(key) for key in forgery.keys(f"{LEDGER}/")]
    at = forgery.draws.randrange(len(values) - 1)
    gone = values.pop(at)
    _chain_again(forgery, values)
    return f"entry {gone['seq']}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def reorder(forgery: Forgery) -> str:
    """Two neighbours in the other order."""
    values = [forgery.value(key) for key in forgery.keys(f"{LEDGER}/")]
    at = forgery.draws.randrange(len(values) - 1)
    values[at]["body"], values[at + 1]["body"] = values[at + 1]["body"], values[at]["body"]
    _chain_again(forgery, values)
    return f"entries {at + 1} and {at + 2}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def _chain_again(forgery: Forgery, values: list[Any]) -> None:
    forgery.against(LEDGER + "/")
    for key in forgery.keys(f"{LEDGER}/")[len(values) :]:
        del forgery.files[key]
    previous = None
    for number, value in enumerate(values, start=1):
        key = _key(LEDGER, number)
        data = canonical_json({**value, "seq": number, "previous": previous})
        previous = sha256_hex(data)
        if data != forgery.body(key):
            forgery.write(key, data)


def make_answer_up(forgery: Forgery) -> str:
    """An answer about the waiting candidate that nobody gave, or that was refused."""
    outcome = forgery.draws.choice(("accepted", "refused", "refused"))
    ref = _answer(forgery, forgery.honest.waiting, outcome)
    return f"{outcome}, {ref.record}, key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def _answer(forgery: Forgery, entry: CandidateEntry, outcome: str = "accepted") -> ApprovalRef:
    """A record of an approval by boss, sealed with what the forger has."""
    gate = answer(entry)
    record = ApprovalRecord.from_value(
        {
            "model": MODEL, "channel": CHANNEL, "candidate": entry.digest, "outcome": outcome,
            "reasons": [] if outcome == "accepted" else ["the lamp was out"], "responder": "boss",
            "gate": gate.model_dump(mode="json"), "at": datetime.now(UTC).isoformat(),
        },
        what="forged answer",
    )  # fmt: skip
    data = record.to_json()
    key = f"approvals/{entry.digest}/20990101T000000.000000Z-00000000.json"
    forgery.against(key)
    forgery.write(key, data)
    return ApprovalRef(id=gate.approval_id, record=key, sha256=sha256_hex(data))


def _decision(forgery: Forgery, action: str, subject: str, **changes: Any) -> Decision:
    value = {
        "action": action, "channel": CHANNEL, "subject": subject, "who": "boss", "second": "", "why": "because",
        "approval": None, "policy_sha256": forgery.honest.policy.sha256, "decided_at": datetime.now(UTC).isoformat(),
        **changes,
    }  # fmt: skip
    return Decision.from_value(value, what="forged decision")


def _legal(forgery: Forgery, decision: Decision) -> Told:
    named = next((item for item in forgery.honest.candidates if item.digest == decision.subject), None)
    before = forgery.honest.entries[-1].after
    try:
        return decision, state_after(before, decision, named)
    except Refused:
        return decision, before


def _quarantine(forgery: Forgery) -> Told:
    return _legal(forgery, _decision(forgery, "quarantine", forgery.draws.choice(known_digests(forgery)), channel=""))


def _waive(forgery: Forgery, **changes: Any) -> Told:
    subject = forgery.draws.choice(known_digests(forgery))
    return _legal(forgery, _decision(forgery, "waive", subject, **{"second": "starter", **changes}))


def _rollback(forgery: Forgery, **changes: Any) -> Told:
    return _legal(forgery, _decision(forgery, "rollback", forgery.honest.candidates[0].digest, **changes))


def _promote(forgery: Forgery, ref: ApprovalRef | None, **changes: Any) -> Told:
    said = ref.model_dump(mode="json") if ref else None
    return _legal(forgery, _decision(forgery, "promote", forgery.honest.waiting.digest, approval=said, **changes))


def _used_answer(forgery: Forgery) -> Told:
    used = [item.decision.approval for item in forgery.honest.entries if item.decision.approval]
    return _promote(forgery, forgery.draws.choice(used))


def _with_live(told: Told, live: LiveModel | None, previous: LiveModel | None) -> Told:
    state = told[1].model_copy(update={"channels": {CHANNEL: ChannelState(live=live, previous=previous)}})
    return told[0], state


def _swap_by_waive(forgery: Forgery) -> Told:
    told = _waive(forgery)
    now = told[1].channels[CHANNEL]
    return _with_live(told, now.previous, now.live)


def _invent_engine(forgery: Forgery) -> Told:
    told = _quarantine(forgery)
    now = told[1].channels[CHANNEL]
    live = now.live.model_copy(update={"engine": "e" * 64}) if now.live else None
    return _with_live(told, live, now.previous)


def _lift_quarantine(forgery: Forgery) -> Told:
    decision, state = _waive(forgery)
    return decision, state.model_copy(update={"quarantined": state.quarantined[:1]})


def _forget_waiver(forgery: Forgery) -> Told:
    decision, state = _quarantine(forgery)
    return decision, state.model_copy(update={"waivers": ()})


def _promote_rejected(forgery: Forgery) -> Told:
    entry = forgery.honest.candidates[2]
    said = _answer(forgery, entry).model_dump(mode="json")
    told = _legal(forgery, _decision(forgery, "promote", entry.digest, approval=said))
    live = LiveModel(
        candidate=entry.digest, engine=entry.candidate.engine, evidence=entry.candidate.evidence,
        since=told[0].decided_at,
    )  # fmt: skip
    return _with_live(told, live, told[1].channels[CHANNEL].live)


LEGAL: dict[str, Callable[[Forgery], Told]] = {
    "a quarantine": _quarantine, "a waiver": _waive, "a rollback": _rollback,
}  # fmt: skip
ILLEGAL: dict[str, Callable[[Forgery], Told]] = {
    "a waiver that swaps models": _swap_by_waive,
    "an invented engine": _invent_engine,
    "a quarantine lifted": _lift_quarantine,
    "a waiver forgotten": _forget_waiver,
    "a promotion without an answer": lambda forgery: _promote(forgery, None),
    "a promotion by a used answer": _used_answer,
    "a promotion by a made-up answer": lambda forgery: _promote(forgery, _answer(forgery, forgery.honest.waiting)),
    "a promotion of what was rejected": _promote_rejected,
    "a waiver by one person": lambda forgery: _waive(forgery, second=""),
    "a waiver by a stranger": lambda forgery: _waive(forgery, who="mallory"),
    "a rollback by a stranger": lambda forgery: _rollback(forgery, who="mallory"),
    "a decision yet to come": lambda forgery: _rollback(forgery, decided_at="2099-01-01T00:00:00Z"),
    "a reject in somebody's name": lambda forgery: _legal(
        forgery, _decision(forgery, "settle", forgery.honest.waiting.digest)
    ),
}


def _key(journal: str, number: int) -> str:
    return f"{journal}/{number:012d}.json"


HISTORY: dict[str, Mutation] = {
    "replay": replay, "replay renumbered": replay_renumbered, "forge decision": append_decision,
    "abuse ledger key: decision": abuse_decision, "forge candidate": append_candidate, "cut": cut,
    "cut with candidates": cut_all, "drop entry": drop, "reorder": reorder, "make answer up": make_answer_up,
}  # fmt: skip
