"""Credentials: what a process may do in the store, and in whose name it signs: one folder, one secret, one role."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from simgate.core.documents.document import Document
from simgate.core.errors import InputError

ROLE_KEYS = "SIMGATE_ROLE_KEYS"
"""Names the folder with this process's own keys; without it, what AWS_* say counts, and nothing is signed."""
STORE_KEYS_NAME = "store.json"
SIGNING_KEY_NAME = "signing.pem"


class StoreKeys(Document):
    """`store.json`: one S3 account."""

    access_key: Annotated[str, Field(min_length=1)]
    secret_key: SecretStr
    endpoint: str = ""
    """URL of the server; empty for AWS itself."""
    region: str = "us-east-1"
    public_endpoint: str = ""
    """URL of the same server as people's browsers reach it, for links to pages; empty where it is the same."""

    @classmethod
    def load(cls, folder: Path) -> StoreKeys | None:
        """Return the account in a role's folder, or None where the folder holds none (a local store needs none)."""
        path = folder / STORE_KEYS_NAME
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        return cls.from_json(data, what=str(path))


def own_folder() -> Path | None:
    """Return the folder that SIMGATE_ROLE_KEYS names, or None; one that is not there is refused."""
    named = os.environ.get(ROLE_KEYS, "")
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise InputError(f"{ROLE_KEYS} names no folder", actual=named, expected=f"a folder with {STORE_KEYS_NAME}")
    return folder


def own_store_keys() -> StoreKeys | None:
    """Return this process's account, or None where it has none."""
    folder = own_folder()
    return StoreKeys.load(folder) if folder else None
