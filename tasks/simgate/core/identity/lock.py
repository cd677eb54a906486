"""Lock slices: which library versions an extra pins."""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from simgate.core.errors import InputError

_PACKAGE = Path(__file__).resolve().parents[2]


@cache
def lock_path(extra: str) -> Path:
    """`locks/<extra>.txt`, from the installed package or from the checkout it is installed from."""
    for folder in (_PACKAGE / "locks", _PACKAGE.parents[1] / "locks"):
        if (path := folder / f"{extra}.txt").is_file():
            return path
    raise InputError(f"no lock slice for extra {extra}", expected=f"locks/{extra}.txt", remedy="run `make lock`")


def lock_digest(*extras: str) -> str:
    """Return SHA-256 of the slices' pins and of Python's version, without comments."""
    pins = sorted({f"{name}=={version}" for extra in extras for name, version in locked(extra).items()})
    python = f"python {sys.version_info.major}.{sys.version_info.minor}"
    return hashlib.sha256("\n".join((python, *pins)).encode()).hexdigest()


def check_installed(*extras: str) -> None:
    """Refuse installed libraries that differ from the lock slice; a local build (`2.0+cpu`) counts as its version."""
    for name, version in (pin for extra in extras for pin in locked(extra).items()):
        if (found := installed(name)).partition("+")[0] != version:
            raise InputError(
                f"library {name} is not the locked one",
                actual=found or "not installed",
                expected=version,
                remedy="run `make setup`, or use the image of this commit",
            )


@cache
def installed(name: str) -> str:
    """Return the installed version of a package, or empty."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


@cache
def locked(extra: str) -> dict[str, str]:
    """Return the version of each package of one slice."""
    lines = lock_path(extra).read_text(encoding="utf-8").splitlines()
    pins = (re.match(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", line) for line in lines)
    return {pin.group(1).lower(): pin.group(2) for pin in pins if pin}
