"""simgate keys: signing keys of roles, and whom the policy trusts."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from simgate.cli.console import console, short, show_json, show_table, when
from simgate.cli.options import JsonOption
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.errors import InputError
from simgate.core.identity.signature import Signer, encode, new_private_key, own_signer
from simgate.core.storage.credentials import SIGNING_KEY_NAME
from simgate.release.trusted_key import KeyRole, TrustedKey

app = typer.Typer(no_args_is_help=True, help="Signing keys: make one for a role, see which the policy trusts.")


@app.command("new")
def new(
    role: Annotated[str, typer.Argument(help=" | ".join(get_args(KeyRole)))],
    out: Annotated[Path, typer.Option("--out", help="The role's folder, e.g. keys/gate-main; made if it is missing.")],
) -> None:
    """Make a signing key in a role's folder, and print the public entry for the policy. Never overwrites a key."""
    found = next((name for name in get_args(KeyRole) if name == role), None)
    if found is None:
        raise InputError("no role that signs", actual=role, expected=" | ".join(get_args(KeyRole)))
    data = new_private_key()
    _write(out, data)
    signer = Signer.from_pem(data, what=SIGNING_KEY_NAME)
    console(stderr=True).print(
        f"{out / SIGNING_KEY_NAME} is written: keep it secret. Under `keys:` of the policy goes:"
    )
    console().print(_entry(found, signer), markup=False)


@app.command("show")
def show(
    policy: PolicyOption = DEFAULT_POLICY,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="A role's folder; default: the one that SIMGATE_ROLE_KEYS names.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the keys that the policy trusts, and say which of them this role signs with."""
    from simgate.release.policy import Policy

    signer = Signer.load(folder) if folder else own_signer()
    keys = Policy.load(policy).keys
    if as_json:
        rows = [{**key.model_dump(mode="json"), "state": state(key)} for key in keys]
        show_json({"keys": rows, "own": signer.keyid if signer else ""})
        return
    table = [(key.role, short(key.id), state(key), _whose(key, signer)) for key in keys]
    show_table(("role", "key", "state", ""), table)
    if not keys:
        console().print(f"{policy} trusts no key: no channel with signed: true releases")
    if signer and all(key.id != signer.keyid for key in keys):
        console().print(f"this role signs with key {signer.keyid}, which the policy does not trust")


def state(key: TrustedKey) -> str:
    """Say in a word whether signatures of a key count now."""
    if key.revoked:
        return "revoked"
    if key.until is None:
        return "trusted"
    return f"{'retired' if datetime.now(UTC) >= key.until else 'until'} {when(key.until)}"


def _whose(key: TrustedKey, signer: Signer | None) -> str:
    return "this role's" if signer and signer.keyid == key.id else ""


def _entry(role: str, signer: Signer) -> str:
    return f"  - id: {signer.keyid}\n    role: {role}\n    public_key: {encode(signer.public_key)}"


def _write(folder: Path, data: bytes) -> None:
    path = folder / SIGNING_KEY_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Exclusive and 0600 from its first moment: no instant in which others could read it, no key overwritten.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise InputError(f"{path} is there already", remedy="rotate into another folder, then replace it") from error
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
