"""Copy: one store into another, for backup and restore; what is there already is left, so a cut copy is taken up again.

What is named is copied before what names it: cut anywhere, it holds no manifest without its outputs, no memo
without its manifest, no journal entry without what it decided about. It is listed the other way round, so that a store
which is written meanwhile gives what it was at one moment, or whole runs more. Scratch is never copied.

A pull request's keys are in strangers' hands: damage in its domain ends the copy of that domain alone, and is told.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

from simgate.cli.store_names import Names
from simgate.core.errors import DigestMismatch, InputError, NotFound, SimgateError
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store

AT_ONCE = 32
JOURNALS = ("heads", "candidates", "ledger")
"""In the order in which they are copied: a release names a candidate, a candidate names runs."""
MANIFESTS = re.compile(r"/manifest(\.dsse)?\.json$")
BY_CONTENT = re.compile(r"^(?:files|snapshots|policies)/(?:pr-\d+/)?([0-9a-f]{64})(?:\.json)?$")
PULL_REQUEST = re.compile(r"^[a-z]+/(pr-\d+)/")
NEWEST = re.compile(r"/(\d{12})\.json$")


@dataclass
class Copied:
    """The progress of a copy."""

    what: str = ""
    looked_at: int = 0
    copied: int = 0
    size_bytes: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    """Pull requests' domains that could not be copied whole, and why."""


def copy(source: Store, to: Store, *, check: bool, tell: Callable[[Copied], None]) -> Copied:
    """Copy missing objects; `check` also compares those that are there, by the digest of their bytes."""
    done = Copied()
    with tempfile.TemporaryDirectory(prefix="simgate-copy-") as folder:
        listed = _list(source, Path(folder), done, tell)
        for name in JOURNALS:
            _refuse_diverged(source, to, name, done)
        for names in reversed(listed):
            done.what = names.name
            _copy_all(source, to, names, Path(folder), done, check=check, tell=tell)
    return done


def _list(source: Store, folder: Path, done: Copied, tell: Callable[[Copied], None]) -> list[Names]:
    """List every key on disk in the reverse order of copying: a manifest before the files that it names."""
    found = []
    names = ("approvals", "policies", "memo", "manifests", "hand", "plans", "runs", "snapshots", "files")
    for name in (*reversed(JOURNALS), *names):
        done.what = f"listing {name}"
        tell(done)
        found.append(Names.write(folder, name, _keys(source, name, done), is_sorted=name in JOURNALS))
    return found


def _keys(source: Store, name: str, done: Copied) -> Iterator[str]:
    if name not in ("manifests", "runs"):
        return _by_domain(source, name, done)
    wanted = name == "manifests"
    return (key for key in _by_domain(source, "runs", done) if bool(MANIFESTS.search(key)) is wanted)


def _by_domain(source: Store, name: str, done: Copied) -> Iterator[str]:
    """Yield the keys of each domain by a listing of its own: one odd name ends a listing."""
    folders, keys = source.children(name)
    yield from keys
    for folder in folders:
        try:
            yield from source.each_key(folder)
        except SimgateError as error:
            if not _blame(f"{folder.rstrip('/')}/", error, done):
                raise


def _blame(key: str, error: SimgateError, done: Copied) -> bool:
    """Note damage in a pull request's domain; False where the key is in none."""
    found = PULL_REQUEST.match(key)
    if found:
        done.broken.setdefault(found.group(1), str(error))
    return found is not None


def _refuse_diverged(source: Store, to: Store, name: str, done: Copied) -> None:
    """Check, before anything is written, that every journal of the target is a beginning of the source's."""
    for folder, keys in groupby(to.keys(name), key=lambda key: key.rpartition("/")[0]):
        newest = max((key for key in keys if NEWEST.search(key)), default=None)
        if newest is not None and _or_none(source, newest) != to.get(newest):
            error = InputError(
                f"journal {folder} went on differently in {to.url}", actual=f"entry {newest}",
                expected=f"the one of {source.url}, or none",
                remedy="copy into an empty store, or find out which of the two is true (`simgate history`)",
            )  # fmt: skip
            if not _blame(f"{folder}/", error, done):
                raise error


def _or_none(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key)
    except NotFound:
        return None


def _copy_all(
    source: Store, to: Store, names: Names, folder: Path, done: Copied, *, check: bool, tell: Callable[[Copied], None]
) -> None:
    # A journal goes entry by entry, oldest first: cut anywhere it is a shorter one, never one with a gap.
    width = 1 if names.name in JOURNALS else AT_ONCE
    for keys in names.batches(width):
        sizes = at_once(partial(_try_one, source, to, folder, done, check=check), keys)
        done.looked_at += len(keys)
        done.copied += sum(size is not None for size in sizes)
        done.size_bytes += sum(size or 0 for size in sizes)
        tell(done)


def _try_one(source: Store, to: Store, folder: Path, done: Copied, key: str, *, check: bool) -> int | None:
    found = PULL_REQUEST.match(key)
    if found and found.group(1) in done.broken:
        return None
    try:
        return _copy_one(source, to, folder, key, check=check)
    except SimgateError as error:
        if not _blame(key, error, done):
            raise
        return None


def _copy_one(source: Store, to: Store, folder: Path, key: str, *, check: bool) -> int | None:
    """Copy one object and return its size in bytes; None where it was there already, or was deleted meanwhile."""
    if to.exists(key):
        if check:
            _compare(source, to, key)
        return None
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            sha256 = source.save(key, Path(file.name))
            _check_name(source, key, sha256)
            sent = _write(to, key, Path(file.name), sha256)
            size = Path(file.name).stat().st_size
    except NotFound:
        return None
    if sent != sha256 or to.digest(key) != sha256:
        raise DigestMismatch(
            f"{key} did not arrive whole", actual=f"in {to.url}", expected=f"sha256 {sha256}",
            remedy=f"see to the target's disk, delete {key} there and copy again",
        )  # fmt: skip
    return size


def _write(to: Store, key: str, path: Path, sha256: str) -> str:
    if key.partition("/")[0] not in JOURNALS:
        return to.put(key, path)
    to.create(key, path.read_bytes())  # somebody may write the target's journal meanwhile
    return sha256


def _check_name(source: Store, key: str, sha256: str) -> None:
    named = BY_CONTENT.match(key)
    if named and named.group(1) != sha256:
        raise DigestMismatch(
            f"{key} of {source.url} is damaged", actual=f"sha256 {sha256}", expected=f"sha256 {named.group(1)}",
            remedy=f"`simgate store recover {key} {named.group(1)}`, or push the scenes again after deleting it",
        )  # fmt: skip


def _compare(source: Store, to: Store, key: str) -> None:
    try:
        expected = source.digest(key)
    except NotFound:
        return
    if (found := to.digest(key)) != expected:
        raise DigestMismatch(
            f"{key} differs between the two stores", actual=f"sha256 {found} in {to.url}",
            expected=f"sha256 {expected} as in {source.url}", remedy="`simgate verify` says which of them is damaged",
        )  # fmt: skip


def heads(store: Store) -> dict[str, str]:
    """Return the digest of the newest entry of every ledger: to be noted down, for `simgate verify --head`."""
    from simgate.cli.find import models
    from simgate.core.storage.journal import Journal

    found = {model: Journal(store, f"ledger/{model}").head() for model in models(store)}
    return {model: head.sha256 for model, head in found.items() if head is not None}
