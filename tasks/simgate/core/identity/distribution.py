"""Distribution: other people's code that a run uses; its version and its files join the key, the manifest names it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated

from pydantic import Field

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.document import Document
from simgate.core.errors import InputError

DistributionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$")]
ABOUT = (".dist-info", ".egg-info")
"""Folders that say how it was installed; of them only the entry points decide anything."""
ENTRY_POINTS = "entry_points.txt"


class Distribution(Document):
    """An installed distribution: name, version and the digest of its files."""

    name: DistributionName
    version: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Sha256
    """Digest of its files as they lie on the disk."""

    def __str__(self) -> str:
        return f"{self.name} {self.version} (files {self.sha256[:12]})"


def distributions(names: Iterable[str]) -> tuple[Distribution, ...]:
    """Read the installed distributions of those names; a missing one is refused by name."""
    return tuple(distribution(name) for name in sorted(set(names)))


@cache
def distribution(name: str) -> Distribution:
    """Read an installed distribution and the digest of its files as they are now; InputError where it is missing."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise InputError(f"distribution {name} is not installed here", remedy="install it, or use its image") from error
    digest = hashlib.sha256()
    for path in sorted(_files(found), key=lambda item: item.as_posix()):
        file = Path(str(found.locate_file(path)))
        if not file.is_file():
            raise InputError(f"file {path} of distribution {name} is gone", remedy="install the distribution again")
        digest.update(path.as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return Distribution(name=name, version=found.version, sha256=digest.hexdigest())


def check_distributions(asked: Sequence[Distribution]) -> None:
    """Refuse a job that was planned with a distribution that is missing here, or has other files or another version."""
    for item in asked:
        if (found := distribution(item.name)) != item:
            raise InputError(
                f"job asks for another distribution {item.name} than this process has", actual=found, expected=item,
                remedy="install the one that the planning side has, or plan again",
            )  # fmt: skip


def holds(name: str, module: str) -> bool:
    """Return whether a module is among the files of a distribution, which are the files that its key covers."""
    path = module.replace(".", "/")
    return any(_is_module(file, path) for file in _files(metadata.distribution(name)))


def check_loaded(names: Iterable[str]) -> None:
    """Refuse where a package of a distribution has loaded a module that is none of the distribution's files.

    Its key would not cover it: a file beside the package, another folder that comes first on the path.
    """
    for name in names:
        found = metadata.distribution(name)
        files = list(_files(found))
        known = {os.path.realpath(str(found.locate_file(file))) for file in files}
        folders = {file.parent.as_posix().replace("/", ".") for file in files}
        tops = {file.parts[0].partition(".")[0] for file in files}
        for module, loaded in sorted(sys.modules.items()):
            origin = getattr(loaded, "__file__", None)
            above, _, _ = module.rpartition(".")
            own = above in folders if above else module in tops
            if own and origin and os.path.realpath(origin) not in known:
                raise InputError(
                    f"module {module} is none of the files of distribution {name}", actual=origin,
                    expected="a file that its RECORD lists, so that the key covers it",
                    remedy="install the distribution again, and put nothing beside it or before it",
                )  # fmt: skip


def _is_module(file: Path, path: str) -> bool:
    """Return whether a file is what Python imports for a module's path."""
    plain = file.as_posix()
    return plain in (f"{path}.py", f"{path}/__init__.py", f"{path}.pyc") or (
        file.suffix == ".so" and plain.startswith(f"{path}.")
    )


def _files(found: metadata.Distribution) -> Iterator[Path]:
    """Yield files of a distribution, relative to where it is installed, by its RECORD.

    Not by `found.files`: newer importlib.metadata, and the backport that some libraries put in its place, leave out
    what is gone.
    """
    record = found.read_text("RECORD")
    if record is None or _is_editable(found):
        raise InputError(
            f"nobody can say which files distribution {found.name} has",
            actual="no RECORD" if record is None else "an editable installation", expected="an installed wheel",
            remedy="build a wheel of it and install that",
        )  # fmt: skip
    for row in csv.reader(record.splitlines()):
        path = Path(row[0])
        outside = path.is_absolute() or path.parts[0] == ".."
        about = path.parts[0].endswith(ABOUT) and path.name != ENTRY_POINTS
        if not outside and not about and "__pycache__" not in path.parts:
            yield path


def _is_editable(found: metadata.Distribution) -> bool:
    """Return whether the distribution is installed in editable mode: its RECORD then lists a pointer, not its files."""
    url = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(url.get("dir_info", {}).get("editable"))
