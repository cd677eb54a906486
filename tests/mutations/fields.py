"""Mutations of fields: one value of a document, with the digests that follow from it made right or not."""

from __future__ import annotations

import json
from typing import Any

from simgate.core.documents.canonical import canonical_json
from simgate.core.runtime.attempt import ENVELOPE_NAME
from tests.mutations.blunt import Mutation
from tests.mutations.forgery import STRANGER, Forgery, Reach
from tests.mutations.honest import LEDGER
from tests.mutations.leaf import Place, changed, places

REACHES: tuple[Reach, ...] = ("nothing", "candidate", "all", "all")
ABUSED = ("subject", "channel", "approval")
"""Fields of a promotion that follow from the answer and the candidate: whoever holds the ledger's key cannot choose."""


def known_digests(forgery: Forgery) -> list[str]:
    """Digests that mean something in this store."""
    entries, proposed = forgery.honest.entries, forgery.honest.candidates
    refs = [ref.sha256 for item in proposed for ref in item.candidate.evidence.values()]
    engines = [item.candidate.engine for item in proposed]
    policies = [item.candidate.policy_sha256 for item in proposed]
    return [*(item.sha256 for item in entries), *(item.digest for item in proposed), *refs, *engines, *policies]


def _edit(forgery: Forgery, *prefixes: str) -> str:
    key = forgery.draws.choice([key for key in forgery.keys(*prefixes) if key.endswith(".json")])
    reach = forgery.draws.choice(REACHES)
    value = forgery.value(key)
    if not isinstance(value, dict):
        return f"{key}: no JSON"
    made, name = changed(value, known_digests(forgery), forgery.draws)
    forgery.say(key, made, reach)
    return f"{name} of {key}, digests made right: {reach}, {_with(forgery)}"


def _with(forgery: Forgery) -> str:
    return f"key of {forgery.role or 'a stranger'}, seal {forgery.seal}"


def edit_ledger(forgery: Forgery) -> str:
    """A field of a decision."""
    return _edit(forgery, "ledger/")


def edit_candidate(forgery: Forgery) -> str:
    """A field of a candidate."""
    return _edit(forgery, "candidates/")


def edit_approval(forgery: Forgery) -> str:
    """A field of an answer."""
    return _edit(forgery, "approvals/")


def edit_policy(forgery: Forgery) -> str:
    """A field of a policy that was in force."""
    return _edit(forgery, "policies/")


def edit_run(forgery: Forgery) -> str:
    """A field of evidence."""
    return _edit(forgery, "runs/main/hil/", "runs/main/evaluate/", "runs/main/export/", "runs/")


def edit_people(forgery: Forgery) -> str:
    """Who started a run."""
    return _edit(forgery, "plans/")


def edit_envelope(forgery: Forgery) -> str:
    """A field of a signature itself."""
    known = forgery.honest.files
    keys = [
        key
        for key in forgery.keys("ledger/", "candidates/", "approvals/", "runs/")
        if key in known and forgery.honest.is_sealed(key)
    ]
    key = forgery.draws.choice(keys)
    made, name = changed(json.loads(forgery.honest.files[key]), known_digests(forgery), forgery.draws)
    forgery.files[key] = canonical_json(made)
    return f"{name} of the envelope of {key}"


def sign_anew(forgery: Forgery) -> str:
    """The same thing under another key, under none, or with a signature more."""
    known = forgery.honest
    keys = [key for key in forgery.keys("ledger/", "candidates/", "approvals/") if key in known.files]
    key = forgery.draws.choice([*keys, *(key for key in forgery.keys("runs/") if key.endswith(ENVELOPE_NAME))])
    forgery.against(key)
    how = forgery.draws.choice(("bare", "wrong", "wrong", "beside"))
    if how == "bare" and key.endswith(ENVELOPE_NAME):
        del forgery.files[key]
    elif how == "bare":
        forgery.files[key] = forgery.body(key)
    else:
        forgery.resign(key, *forgery.draws.choice([(forgery.key,), (STRANGER, forgery.key)]), keep=how == "beside")
    return f"{key}: {how}, {_with(forgery)}"


def abuse_ledger(forgery: Forgery) -> str:
    """What the ledger's own key may not say: another state than follows, a promotion of something else."""
    forgery.by_right, forgery.role = True, "ledger"
    key = forgery.draws.choice(forgery.keys(f"{LEDGER}/"))
    value = forgery.value(key)
    promoted = value["body"]["decision"]["action"] == "promote"
    inside = [value["body"]["after"], value["body"]["decision"]["approval"] or {}]
    wanted = [place for item in inside[: 2 if promoted else 1] for place in places(item)]
    spots = {(id(where), name) for where, name in wanted}
    if promoted:
        spots |= {(id(value["body"]["decision"]), name) for name in ABUSED}
    made, name = _changed_at(forgery, value, spots)
    reach: Reach = forgery.draws.choice(("nothing", "ledger", "all"))
    forgery.say(key, made, reach)
    return f"{name} of {key}, by the ledger's own key, digests made right: {reach}"


def _changed_at(forgery: Forgery, value: Any, spots: set[tuple[int, Any]]) -> tuple[Any, str]:
    """The same as `changed`, at one of these places of the value itself."""
    numbers = [number for number, (where, name) in enumerate(places(value)) if (id(where), name) in spots]
    chosen = forgery.draws.choice(numbers)
    counted = iter(range(10**6))

    def wanted(_place: Place) -> bool:
        return next(counted) == chosen

    return changed(value, known_digests(forgery), forgery.draws, wanted)


FIELDS: dict[str, Mutation] = {
    "edit ledger": edit_ledger, "edit candidate": edit_candidate, "edit answer": edit_approval,
    "edit policy": edit_policy, "edit run": edit_run, "edit people": edit_people, "edit envelope": edit_envelope,
    "sign anew": sign_anew, "abuse ledger key": abuse_ledger,
}  # fmt: skip
