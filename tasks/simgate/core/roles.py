"""Roles: who writes what in the store. Everybody of a deployment reads; nobody but its role writes a prefix."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["pusher", "planner", "stage", "gate", "ledger", "reader"]
ROLES: tuple[Role, ...] = get_args(Role)
DOMAIN_ROLES: tuple[Role, ...] = ("pusher", "planner", "stage", "gate")
"""Those that exist once a trust domain; `ledger` and `reader` exist once a store."""
GATE_STAGES = ("validate", "evaluate", "export", "hil", "probe")
WORK_STAGES = ("index", "generate", "train")


def role_name(role: Role, domain: str) -> str:
    """Name of a role's account, secret and folder: `stage-main`, `gate-pr-7`, `ledger`, `reader`."""
    return f"{role}-{domain}" if role in DOMAIN_ROLES else role


def role_of_stage(stage: str) -> Role:
    """In which role a stage runs: who gives verdicts is not who makes what is judged."""
    return "gate" if stage in GATE_STAGES else "stage"


def writes(role: Role, domain: str) -> tuple[str, ...]:
    """Prefixes that a role may write, each ending with `/`."""
    runs = tuple(f"runs/{domain}/{stage}/" for stage in (GATE_STAGES if role == "gate" else WORK_STAGES))
    by_role: dict[Role, tuple[str, ...]] = {
        "pusher": ("files/", "snapshots/", f"heads/{domain}/scenes/"),
        "planner": (f"plans/{domain}/", f"hand/{domain}/", f"heads/{domain}/dataset/"),
        "stage": (*runs, f"memo/{domain}/", f"scratch/{domain}/"),
        "gate": (*runs, f"memo/{domain}/", f"scratch/{domain}/"),
        "ledger": ("approvals/", "ledger/"),
        "reader": (),
    }
    proposes = ("candidates/",) if role == "planner" and domain == "main" else ()
    return (*by_role[role], *proposes)


def deletes(role: Role, domain: str) -> tuple[str, ...]:
    """Prefixes under which a role may delete: leftovers of its own, never evidence."""
    by_role: dict[Role, tuple[str, ...]] = {
        "pusher": ("files/",),
        "planner": (f"plans/{domain}/tries/",),
        "stage": (f"scratch/{domain}/",),
        "gate": (f"scratch/{domain}/",),
        "ledger": (),
        "reader": (),
    }
    return by_role[role]
