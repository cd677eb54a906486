"""Packages: the installed files of a lock slice, as they lie in an image; their modules compiled."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import re
import struct
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers.oci import Entry
from tests.servers.shared_libraries import needed_by

ROOT = Path(__file__).parents[2]
SITE_PACKAGES = "usr/local/lib/python3.11/site-packages"
UNCHECKED = 0b01
"""Flag of a .pyc that is believed without a look at its source."""
WITHOUT_REFERENCES = 2
"""Version of marshal; later ones write down who else held an object, so that equal modules get unequal bytes."""
LEFT_OUT = (
    re.compile(r"^triton/"),
    re.compile(r"^torch/(include|test)/"),
    re.compile(r"^torch/bin/(?!torch_shm_manager$)"),
    re.compile(r"(^|/)__pycache__/"),
    re.compile(r"^\.\./"),
    re.compile(r"^nvidia/.*(/include/|\.bc$|\.a$)"),
    re.compile(r"(^|/)tests/"),
)
"""Never loaded by a run on a CPU: torch asks for triton only to compile for a GPU."""


def locked(extra: str) -> frozenset[str]:
    """Names of a slice, `locks/<extra>.txt`."""
    lines = (ROOT / "locks" / f"{extra}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(canonicalize_name(match[1]) for line in lines if (match := re.match(r"^([\w.-]+)==", line)))


def required(package: str) -> frozenset[str]:
    """What an installed package needs without any extra, over all steps; the package itself is not in it."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        for text in metadata.requires(waiting.pop()) or []:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def fingerprint(names: Iterable[str]) -> str:
    """Changes with any installed version and with how this file packs; 16 hex."""
    pins = [f"{name}=={metadata.version(name)}" for name in sorted(names)]
    return hashlib.sha256("\n".join([*pins, Path(__file__).read_text()]).encode()).hexdigest()[:16]


def package_entries(names: Iterable[str], *, metadata_only: bool = False) -> Iterator[Entry]:
    """Every file of these packages that a CPU run may load; with `metadata_only` what says that they are there."""
    for name in sorted(names):
        for path, source in _files(name):
            if metadata_only and not path.partition("/")[0].endswith(".dist-info"):
                continue
            yield Entry(f"{SITE_PACKAGES}/{path}", source=source, mode=0o755 if _is_program(source) else 0o644)
            if path.endswith(".py"):
                yield from compiled(f"{SITE_PACKAGES}/{path}", source.read_bytes())


def compiled(path: str, source: bytes) -> Iterator[Entry]:
    """The .pyc of a module: a pod's root is read-only, and compiling torch and all takes many seconds."""
    try:
        with warnings.catch_warnings(action="ignore"):
            code = compile(source, f"/{path}", "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return  # a template, or a test of another Python
    header = importlib.util.MAGIC_NUMBER + struct.pack("<L", UNCHECKED) + importlib.util.source_hash(source)
    at = PurePosixPath(path)
    target = at.parent / "__pycache__" / f"{at.stem}.cpython-311.pyc"
    yield Entry(target.as_posix(), data=header + marshal.dumps(code, WITHOUT_REFERENCES), mode=0o644)


def shared_objects(names: Iterable[str]) -> list[Path]:
    """Native libraries and modules of these packages."""
    return [source for name in sorted(names) for _path, source in _files(name) if _is_program(source)]


@cache
def _files(name: str) -> tuple[tuple[str, Path], ...]:
    distribution = metadata.distribution(name)
    listed = ((file.as_posix(), Path(str(distribution.locate_file(file)))) for file in distribution.files or ())
    kept = ((path, source) for path, source in listed if not any(rule.search(path) for rule in LEFT_OUT))
    return tuple(sorted((path, source) for path, source in kept if source.is_file() and _is_needed(path)))


def _is_needed(path: str) -> bool:
    return not path.startswith("nvidia/") or ".so" not in path or path in _cuda_libraries()


@cache
def _cuda_libraries() -> frozenset[str]:
    """Those that torch is linked to: it does not load without them; what it opens on a GPU alone is left out."""
    root = Path(str(metadata.distribution("torch").locate_file("")))
    linked = needed_by(sorted((root / "torch" / "lib").glob("*.so*")))
    inside = (Path(os.path.normpath(path)) for path in linked)  # torch asks for ../../nvidia/…
    return frozenset(path.relative_to(root).as_posix() for path in inside if path.is_relative_to(root))


def _is_program(source: Path) -> bool:
    return ".so" in source.name or source.parent.name == "bin"
