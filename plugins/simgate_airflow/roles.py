"""Roles: who may do what in Airflow under the FAB auth manager, made exactly as a file says.

python -m simgate_airflow.roles roles.json --account promoter:promoter:PASSWORD_FILE

The file has the form of `airflow roles export`; `DAG:release_model.*` stands for the DAG of every release recipe that
SIMGATE_RECIPES has now, so the command is run again after a recipe was added. `airflow roles import` would leave a role
that exists as it is, and refuse a DAG's name that no DAG file has told it yet.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simgate.core.errors import InputError
from simgate_airflow.run.recipes import dag_ids

if TYPE_CHECKING:
    from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride

Permission = tuple[str, str]
"""(action, resource), as FAB names them: ("can_edit", "DAG:release_model.navigator")."""
EVERY = ".*"
"""Ends a resource that stands for the DAG of every recipe: `DAG:release_model.*`."""


def read_roles(path: Path) -> dict[str, frozenset[Permission]]:
    """Read a file of roles and their permissions; a file of another form is refused."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = [(entry["name"], entry["resource"], entry["action"]) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"cannot read roles from {path}: {error!r}", expected='a list of {"name", "resource", "action"}'
        ) from error
    roles: dict[str, frozenset[Permission]] = {}
    for name, resource, actions in found:
        more = {(action, resource) for action in actions.split(",") if action}
        roles[name] = roles.get(name, frozenset()) | more
    return roles


def of_dags(roles: Mapping[str, frozenset[Permission]], dags: Collection[str]) -> dict[str, frozenset[Permission]]:
    """Write out the resources that stand for several DAGs."""
    return {
        name: frozenset((action, one) for action, resource in wanted for one in _written_out(resource, dags))
        for name, wanted in roles.items()
    }


def _written_out(resource: str, dags: Collection[str]) -> list[str]:
    if not resource.endswith(EVERY):
        return [resource]
    return [f"DAG:{dag}" for dag in dags if f"DAG:{dag}".startswith(resource.removesuffix("*"))]


def apply_roles(manager: FabAirflowSecurityManagerOverride, roles: Mapping[str, frozenset[Permission]]) -> list[str]:
    """Give each role these permissions and no other; return one line for each change."""
    changes = []
    for name, wanted in sorted(roles.items()):
        role = manager.find_role(name) or manager.add_role(name)
        held = {(item.action.name, item.resource.name): item for item in role.permissions}
        for action, resource in sorted(wanted - held.keys()):
            manager.add_permission_to_role(role, manager.create_permission(action, resource))
            changes.append(f"{name}: + {action} {resource}")
        for pair in sorted(held.keys() - wanted):
            manager.remove_permission_from_role(role, held[pair])
            changes.append(f"{name}: - {' '.join(pair)}")
    return changes


def make_account(manager: FabAirflowSecurityManagerOverride, name: str, role: str, password: str) -> str:
    """Make an account with one role, or give it this password and role again; its id, as the HITL records have it."""
    held = manager.find_role(role)
    if held is None:
        raise InputError(f"Airflow has no role {role}", remedy="name it in the roles' file")
    user: Any = manager.find_user(username=name)
    if user is None:
        user = manager.add_user(name, name, "simgate", f"{name}@simgate.invalid", held, password=password)
        return str(user.id)
    user.roles = [held]
    manager.update_user(user)
    manager.reset_password(user.id, password)
    return str(user.id)


def main(words: list[str] | None = None) -> int:
    """Return the command."""
    parser = argparse.ArgumentParser(prog="python -m simgate_airflow.roles")
    parser.add_argument("file", type=Path, help="the roles, in the form of `airflow roles export`")
    parser.add_argument("--account", action="append", default=[], metavar="NAME:ROLE:PASSWORD_FILE")
    asked = parser.parse_args(words)
    roles, accounts = of_dags(read_roles(asked.file), dag_ids()), [_account(text) for text in asked.account]

    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        for line in apply_roles(builder.sm, roles):
            print(line)
        for name, role, password in accounts:
            print(f"{name} has id {make_account(builder.sm, name, role, password)}")
    return 0


def _account(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition(":")
    role, _, file = rest.partition(":")
    try:
        password = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"cannot read the password of {name}: {error}", expected="NAME:ROLE:PASSWORD_FILE") from error
    if not (name and role and password):
        raise InputError("an account lacks its name, role or password", actual=text, expected="NAME:ROLE:PASSWORD_FILE")
    return name, role, password


if __name__ == "__main__":
    raise SystemExit(main())
