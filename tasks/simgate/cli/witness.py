"""simgate witness: note down each ledger's head in a file that the ledger's writer cannot reach."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simgate.cli.console import complain, console, plain
from simgate.cli.damage import DAMAGED
from simgate.cli.find import models
from simgate.cli.options import DEFAULT_STORE, StoreOption, present_store
from simgate.cli.recipes import DEFAULT_POLICY, PolicyOption
from simgate.core.documents.artifact import Sha256
from simgate.core.documents.document import Document
from simgate.core.errors import DigestMismatch, InputError
from simgate.core.storage.store import Store
from simgate.release.entry import LedgerEntry

if TYPE_CHECKING:
    from simgate.release.policy import Policy

MAX_WITNESS_BYTES = 64 * 1024 * 1024
NO_WITNESS = Path()


class NotedHead(Document):
    """One line of a witness file: a ledger's head as somebody saw it."""

    model: str
    seq: int
    sha256: Sha256
    noted_at: datetime


def witness(
    file: Annotated[Path, typer.Argument(help="File to append to; another account than the ledger's must own it.")],
    policy: PolicyOption = DEFAULT_POLICY,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Check every ledger and that it still holds the entries noted before, then note its newest entry.

    Run it on a clock, under an account that the ledger's writer does not have. Exit 3: a ledger has lost entries, or
    does not hold; it is named, and the others are noted.
    """
    from simgate.release.judge import DAMAGE
    from simgate.release.policy import Policy

    place, rules = present_store(store), Policy.load(policy)
    noted = noted_heads(file) if file.exists() else {}
    damaged = False
    for model in sorted({*models(place), *noted}):
        try:
            head = _head(place, rules, model, noted.get(model, []))
        except DAMAGE as error:
            complain(str(error))
            damaged = True
            continue
        if head is not None and head.sha256 not in noted.get(model, []):
            _note(file, model, head)
    if damaged:
        raise typer.Exit(DAMAGED)


def noted_heads(file: Path) -> dict[str, list[str]]:
    """Return the digests by model, in the order in which they were noted; nothing for no file."""
    if file == NO_WITNESS:
        return {}
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read witness {file}: {error.strerror}") from error
    if len(data) > MAX_WITNESS_BYTES:
        raise InputError(f"witness {file} is too large", actual=len(data), expected=f"at most {MAX_WITNESS_BYTES}")
    found: dict[str, list[str]] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        head = NotedHead.from_json(line, what=f"line {number} of {file.name}")
        found.setdefault(head.model, []).append(head.sha256)
    return found


def _head(store: Store, policy: Policy, model: str, noted: list[str]) -> LedgerEntry | None:
    """Return the newest entry of a ledger that holds and has all that was noted; DAMAGE where it has not."""
    from simgate.release.judge import judge

    found = judge(store, policy, model).must_hold()
    _check(store, model, {entry.sha256 for entry in found.entries}, noted)
    return found.head


def _check(store: Store, model: str, there: set[str], noted: list[str]) -> None:
    for sha256 in noted:
        if sha256 not in there:
            raise DigestMismatch(
                f"the ledger of {model} has lost entries", actual=f"{len(there)} entries",
                expected=f"one with digest {sha256}", remedy=f"restore {store.url} from a backup",
            )  # fmt: skip


def _note(file: Path, model: str, head: LedgerEntry) -> None:
    line = NotedHead(model=model, seq=head.seq, sha256=head.sha256, noted_at=datetime.now(UTC)).to_json() + b"\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())
    console().print(f"noted {plain(model)} entry {head.seq}, {head.sha256}")
