"""simgate store: set up, guard, back up and mend the store that everything lies in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import console, plain, show_json
from simgate.cli.options import DEFAULT_STORE, DomainOption, StoreOption, open_store, present_store
from simgate.core.errors import InputError, StoreError
from simgate.core.runtime.job import MAIN
from simgate.core.storage.credentials import STORE_KEYS_NAME, StoreKeys
from simgate.core.storage.store import Store
from simgate.rows.roles import DOMAIN_ROLES, ROLES, Role

if TYPE_CHECKING:
    from simgate.cli.progress import StageProgress

app = typer.Typer(no_args_is_help=True, help="Set up, guard, back up and mend the store.")
MIN_CHARACTERS = 12
ALL = "all"
RoleArgument = Annotated[str, typer.Argument(help=" | ".join(ROLES))]
KeysOption = Annotated[
    Path, typer.Option("--keys", envvar="SIMGATE_KEYS", help="Folder with one folder a role, each with its store.json.")
]


@app.command()
def init(store: StoreOption = DEFAULT_STORE) -> None:
    """Make a bucket with versions, object lock and lifecycle rules; a second run adds only missing parts."""
    from simgate.cli.store_init import init as set_up
    from simgate.cli.store_server import Server

    for line in set_up(Server.of(store)):
        console().print(line, markup=False)


@app.command()
def policies(role: RoleArgument = "", domain: DomainOption = "main", store: StoreOption = "s3://simgate") -> None:
    """Print the S3 policy of a role, or of all roles, for a server whose accounts you make by other means."""
    from simgate.cli.store_policy import policy
    from simgate.core.storage.bucket import bucket_url
    from simgate.rows.roles import role_name

    bucket, _, prefix = bucket_url(store).removeprefix("s3://").partition("/")
    chosen = (_role(role),) if role else ROLES
    documents = {role_name(each, domain): policy(bucket, prefix, each, domain) for each in chosen}
    show_json(next(iter(documents.values())) if role else documents)


@app.command()
def key(
    role: Annotated[str, typer.Argument(help=f"{' | '.join(ROLES)} | {ALL}: each role that the domain has.")],
    domain: DomainOption = "main",
    keys: KeysOption = Path("./.simgate/keys"),
    rotate: Annotated[bool, typer.Option("--rotate", help="Make another account; the one before stays valid.")] = False,
    retire: Annotated[bool, typer.Option("--retire", help="Remove all accounts but the one in the folder.")] = False,
    public_endpoint: Annotated[
        str, typer.Option("--public-endpoint", help="URL of the server as browsers reach it, for links to pages.")
    ] = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Make a role's account on MinIO, or each one's, and write its folder; the secret is never shown."""
    from simgate.cli import store_key
    from simgate.cli.store_server import Server

    server, roles = Server.of(store), _roles(role, domain)
    if retire:
        said = [line for found in roles for line in store_key.retire(server, found, domain, keys)]
    else:
        said = store_key.make_keys(server, roles, domain, keys, rotate=rotate, public_endpoint=public_endpoint)
    for line in said:
        console().print(line, markup=False)


@app.command()
def seal(
    days: Annotated[int, typer.Option("--days", min=1, max=36_500, help="Days to lock, from now.")] = 365,
    mode: Annotated[
        str, typer.Option("--mode", help="GOVERNANCE: an administrator may lift it; COMPLIANCE: nobody may.")
    ] = "GOVERNANCE",
    last_hours: Annotated[
        int, typer.Option("--last-hours", min=0, help="Only objects written in these last hours; 0: all.")
    ] = 0,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Lock evidence that is not locked yet (manifests, journals, approvals); to be run every few minutes.

    A lock with less than half of its days left is made longer, so evidence stays locked while this runs.
    """
    from datetime import UTC, datetime, timedelta

    from simgate.cli.store_seal import seal as lock
    from simgate.cli.store_server import Server

    if mode not in ("GOVERNANCE", "COMPLIANCE"):
        raise InputError("no such lock", actual=mode, expected="GOVERNANCE | COMPLIANCE")
    since = datetime.now(UTC) - timedelta(hours=last_hours) if last_hours else None
    with _progress("seal") as line:
        done = lock(
            Server.of(store), mode="COMPLIANCE" if mode == "COMPLIANCE" else "GOVERNANCE", days=days, since=since,
            tell=lambda done: line.listen(_event(done.locked, done.looked_at, "locked of")),
        )  # fmt: skip
    console().print(f"locked {done.locked} of {done.looked_at} versions of evidence; the others are")


@app.command()
def copy(
    source: Annotated[str, typer.Argument(help="Store to read: a folder or s3://bucket/prefix.")],
    to: Annotated[str, typer.Argument(help="Store to write: a folder or s3://bucket/prefix.")],
    source_keys: Annotated[
        Path | None, typer.Option("--source-keys", help="Folder with the store.json to read with.")
    ] = None,
    to_keys: Annotated[Path | None, typer.Option("--to-keys", help="Folder with the store.json to write with.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare objects that are there already, too.")] = False,
) -> None:
    """Copy objects that the other store lacks: backup, restore, move. Safe to interrupt; run again, it goes on."""
    from simgate.cli import store_copy

    place, target = _opened(source, source_keys), _opened(to, to_keys)
    if place.url == target.url:
        raise InputError("a store is not copied onto itself", actual=place.url)
    with _progress("copy") as line:
        done = store_copy.copy(
            place,
            target,
            check=check,
            tell=lambda done: line.listen(_event(done.copied, done.looked_at, f"{done.what}: copied")),
        )
    console().print(
        f"copied {done.copied} of {done.looked_at} objects, {done.size_bytes:,} bytes; the others were there"
    )
    for domain, why in sorted(done.broken.items()):
        console(stderr=True).print(f"[yellow]{domain} is not copied whole[/]: {plain(why)}", soft_wrap=True)
    for model, digest in store_copy.heads(target).items():
        console().print(
            f"ledger of {model}: head {digest}; note it down for `simgate verify {model} --head`", markup=False
        )
    if done.broken:
        raise StoreError(
            "not everything was copied", actual=", ".join(sorted(done.broken)),
            expected="no damage in these pull requests' domains",
            remedy="main is whole; see to those who hold these domains' keys, then copy again",
        )  # fmt: skip


@app.command()
def recover(
    key: Annotated[str, typer.Argument(help="Key of the object in the store.")],
    sha256: Annotated[str, typer.Argument(help="SHA-256 that it should have, as the error said.")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Restore the version of an object that has this digest as the newest; no version is removed."""
    from simgate.cli.store_recover import recover as put_back
    from simgate.cli.store_server import Server

    console().print(put_back(Server.of(store), key, sha256), markup=False)


@app.command()
def forget(
    run_key: Annotated[str, typer.Argument(help="Run key, or its first 12 characters or more.")],
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Delete a run's memo, so that the run is made again; its files stay, and a bench run's verdict still counts."""
    if len(run_key) < MIN_CHARACTERS:
        raise InputError("too short for something that is deleted", actual=run_key, expected="12 characters or more")
    place = present_store(store)
    found = [name for name in place.each_key(f"memo/{domain}") if name.rpartition("/")[2].startswith(run_key)]
    if not found:
        raise InputError(f"no memo of domain {domain} begins so", actual=run_key, remedy="`simgate runs` lists them")
    for name in found:
        place.delete(name)
        console().print(f"deleted {name}", markup=False)


def _roles(name: str, domain: str) -> tuple[Role, ...]:
    if name != ALL:
        return (_role(name),)
    return ROLES if domain == MAIN else DOMAIN_ROLES


def _role(name: str) -> Role:
    found: Role | None = next((role for role in ROLES if role == name), None)
    if found is None:
        raise InputError("no such role", actual=name, expected=" | ".join(ROLES))
    return found


def _opened(url: str, keys: Path | None) -> Store:
    if keys is None:
        return open_store(url)
    found = StoreKeys.load(keys)
    if found is None:
        raise InputError(f"no {STORE_KEYS_NAME} in {keys}", remedy="give a role's folder")
    return Store(url, found)


def _progress(what: str) -> StageProgress:
    from simgate.cli.progress import StageProgress

    return StageProgress(what, "…")


def _event(done: int, total: int, what: str) -> dict[str, object]:
    return {"event": "progress", "done": done, "total": total, "what": what}
