"""Roles: who writes what in the store. Everybody of a deployment reads; nobody but its role writes a prefix.

No role may delete a version of an object: what is overwritten or deleted under a role's own prefix stays below, is
noticed by its digest, and comes back by `simgate store recover`.
"""

from __future__ import annotations

from typing import Literal, get_args

from simgate.core.runtime.job import MAIN
from simgate.rows.stages import STAGES

Role = Literal["pusher", "planner", "stage", "gate", "approval", "ledger", "reader", "sealer"]
ROLES: tuple[Role, ...] = get_args(Role)
DOMAIN_ROLES: tuple[Role, ...] = ("pusher", "planner", "stage", "gate")
"""Those that exist once a trust domain; the others exist once a store."""
GATE_STAGES = tuple(row.name for row in STAGES.ours if row.signs_as == "gate")
WORK_STAGES = tuple(row.name for row in STAGES.ours if row.signs_as == "stage")
SEALED = ("heads/", "candidates/", "ledger/", "approvals/", "policies/")
"""Prefixes whose every object is evidence: the sealer locks its versions. Of `runs/` these names alone:"""
SEALED_NAMES = ("manifest.json", "manifest.dsse.json", "started.json", "failure.json")


def role_name(role: Role, domain: str) -> str:
    """Name of a role's account, secret and folder: `stage-main`, `gate-pr-7`, `ledger`, `reader`."""
    return f"{role}-{domain}" if role in DOMAIN_ROLES else role


def role_of_stage(stage: str) -> Role:
    """Return the role that a stage runs in: a gate has another role than the stage that it judges."""
    return STAGES.find(stage).signs_as


def writes(role: Role, domain: str) -> tuple[str, ...]:
    """Return the prefixes that a role may write, each ending with `/`; each of a pull request's holds its number."""
    runs = tuple(f"runs/{domain}/{stage}/" for stage in (GATE_STAGES if role == "gate" else WORK_STAGES))
    by_role: dict[Role, tuple[str, ...]] = {
        "pusher": (*_content(domain), f"heads/{domain}/scenes/"),
        "planner": (f"plans/{domain}/", f"hand/{domain}/", f"heads/{domain}/dataset/"),
        "stage": (*runs, f"memo/{domain}/", f"scratch/{domain}/"),
        "gate": (*runs, f"memo/{domain}/", f"scratch/{domain}/"),
        "approval": ("approvals/",),
        "ledger": ("ledger/", "policies/"),
        "reader": (),
        "sealer": (),
    }
    # Only main's planner proposes: what a pull request makes is never released.
    proposes = ("candidates/",) if role == "planner" and domain == MAIN else ()
    return (*by_role[role], *proposes)


def deletes(role: Role, domain: str) -> tuple[str, ...]:
    """Return prefixes under which a role may delete: leftovers of its own, never evidence."""
    by_role: dict[Role, tuple[str, ...]] = {
        "pusher": _content(domain)[:1],
        "planner": (f"plans/{domain}/tries/",),
        "stage": (f"scratch/{domain}/",),
        "gate": (f"scratch/{domain}/",),
        "approval": (),
        "ledger": (),
        "reader": (),
        "sealer": (),
    }
    return by_role[role]


def is_sealed(key: str) -> bool:
    """Return whether an object is evidence, whose versions are locked: never a memo, scratch, or a run's bulk data."""
    if key.startswith("runs/"):
        return key.rpartition("/")[2] in SEALED_NAMES
    return key.startswith(SEALED)


def _content(domain: str) -> tuple[str, str]:
    """Return the folders of pushed bytes. A pull request has its own, or it could overwrite main's."""
    return ("files/", "snapshots/") if domain == MAIN else (f"files/{domain}/", f"snapshots/{domain}/")
