"""Key: a role's account on MinIO, and the folder with its secret; a rotation has two steps, so that nothing stops."""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simgate.cli.store_policy import policy
from simgate.cli.store_server import Server, answers
from simgate.core.errors import InputError
from simgate.core.storage.credentials import STORE_KEYS_NAME, StoreKeys
from simgate.rows.roles import Role, role_name

if TYPE_CHECKING:
    from minio import MinioAdmin

SECRET_CHARACTERS = 40
RANDOM_BYTES = 4
"""Of an account's name, so that two of one role stand side by side while it is rotated."""


def make_keys(
    server: Server, roles: Sequence[Role], domain: str, folder: Path, *, rotate: bool, public_endpoint: str
) -> list[str]:
    """Make each role's account and folder; with `rotate` a further one, the one before stays until it is retired."""
    admin, said = _admin(server), []
    with answers("list accounts"):
        every = _all_accounts(admin)
    for role in roles:
        maker = _Maker(server, admin, role, domain, folder / role_name(role, domain))
        said += maker.make(_ours(server, role, domain, every), rotate, public_endpoint)
    return said


@dataclass(frozen=True)
class _Maker:
    """Makes one role's account."""

    server: Server
    admin: MinioAdmin
    role: Role
    domain: str
    own: Path

    def make(self, known: set[str], rotate: bool, public_endpoint: str) -> list[str]:
        """Make or renew a role's account and return lines about it; `known` are the accounts that the role has."""
        name = self.own.name
        before = StoreKeys.load(self.own) if self.own.is_dir() else None
        put_policy(self.server, self.admin, self.role, self.domain)
        if before is not None and before.access_key in known and not rotate:
            return [f"{name}: account {before.access_key} is there, its policy is up to date; --rotate makes another"]
        with answers(f"make the account of {name}"):
            keys = self._add(public_endpoint or (before.public_endpoint if before else ""))
        write_folder(self.own, keys)
        said = [f"{name}: made account {keys.access_key}, wrote {self.own / STORE_KEYS_NAME}"]
        if known:
            old = ", ".join(sorted(known))
            said.append(f"{name}: still valid: {old}; once every process has the new file, --retire removes them")
        return said

    def _add(self, public_endpoint: str) -> StoreKeys:
        account = f"{_prefix(self.server, self.role, self.domain)}{secrets.token_hex(RANDOM_BYTES)}"
        secret = secrets.token_urlsafe(SECRET_CHARACTERS)[:SECRET_CHARACTERS]
        self.admin.user_add(account, secret)
        # Set, not attached: this policy and no other.
        self.admin.policy_set(f"{self.server.name}.{self.own.name}", user=account)
        server = self.server.keys
        return StoreKeys.from_value(
            {"access_key": account, "secret_key": secret, "endpoint": server.endpoint, "region": server.region,
             "public_endpoint": public_endpoint}, what="new account",
        )  # fmt: skip


def retire(server: Server, role: Role, domain: str, folder: Path) -> list[str]:
    """Remove every account of the role but the one in its folder."""
    admin, name = _admin(server), role_name(role, domain)
    kept = StoreKeys.load(folder / name)
    if kept is None:
        raise InputError(f"{folder / name} holds no {STORE_KEYS_NAME}", remedy="make the key first: nobody could write")
    with answers(f"retire accounts of {name}"):
        known = _ours(server, role, domain, _all_accounts(admin))
        if kept.access_key not in known:
            raise InputError(
                f"the account in {folder / name} is none of this server's", actual=kept.access_key,
                expected=" | ".join(known) or "one", remedy="make it again: `simgate store key` with --rotate",
            )  # fmt: skip
        old = sorted(known - {kept.access_key})
        for account in old:
            admin.user_remove(account)
    return [f"{name}: removed {account}" for account in old] or [f"{name}: nothing to remove"]


def put_policy(server: Server, admin: MinioAdmin, role: Role, domain: str) -> str:
    """Write the role's policy as this version of simgate has it; its name."""
    name = f"{server.name}.{role_name(role, domain)}"
    with answers(f"write policy {name}"):
        admin.policy_add(name, policy=policy(server.bucket, server.prefix, role, domain, minio=True))
    return name


def write_folder(folder: Path, keys: StoreKeys) -> None:
    """Write `store.json` for its owner alone, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    value = {**keys.model_dump(mode="json"), "secret_key": keys.secret_key.get_secret_value()}
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix=".store-")  # 0600 from the start
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)
    Path(partial).replace(folder / STORE_KEYS_NAME)


def _admin(server: Server) -> MinioAdmin:
    admin = server.admin()
    if admin is None:
        raise InputError(
            "this server has no admin API of MinIO's", actual=server.keys.endpoint or "AWS", expected="MinIO",
            remedy="make the account there with what `simgate store policies` prints, and write store.json yourself",
        )  # fmt: skip
    return admin


def _all_accounts(admin: MinioAdmin) -> list[str]:
    # One answer for all roles: it comes encrypted, and its key costs both sides a quarter of a second.
    return list(json.loads(admin.user_list()))


def _ours(server: Server, role: Role, domain: str, every: Sequence[str]) -> set[str]:
    # In full: a store below the prefix `reader` has accounts that begin like this store's readers.
    ours = re.compile(rf"{re.escape(_prefix(server, role, domain))}[0-9a-f]{{{2 * RANDOM_BYTES}}}")
    return {name for name in every if ours.fullmatch(name)}


def _prefix(server: Server, role: Role, domain: str) -> str:
    return f"{server.name}.{role_name(role, domain)}."
