"""Stores: the artifact store as one role sees it, with that role's keys and no other's."""

from __future__ import annotations

from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.identity.signature import Signer
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.store import Store
from simgate.rows.roles import Role, role_name
from simgate_airflow.settings import settings


def open_store(role: Role, domain: str) -> Store:
    """Return the store under a role's account; on the embedded default, where nobody has one, the operator's own."""
    folder = role_folder(role, domain)
    return Store(settings().store_url, StoreKeys.load(folder) if folder else None)


def open_signer(role: Role, domain: str) -> Signer | None:
    """Return the signer of a role, or None where the role has no signing key."""
    folder = role_folder(role, domain)
    return Signer.load(folder) if folder else None


def role_folder(role: Role, domain: str) -> Path | None:
    """Return the folder of a role's keys, or None without SIMGATE_KEYS; a missing folder is refused."""
    keys = settings().keys_path
    if keys is None:
        return None
    folder = keys / role_name(role, domain)
    if not folder.is_dir():
        raise InputError(
            f"no keys for role {role} of domain {domain}", expected=str(folder),
            remedy="make them with `simgate store key`",
        )  # fmt: skip
    return folder
