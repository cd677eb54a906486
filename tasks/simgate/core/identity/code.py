"""Code digest: a stage's static import closure inside simgate, without comments and docstrings."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from simgate.core.errors import InputError

SOURCE_ROOT = Path(__file__).resolve().parents[3]
NEUTRAL = (
    "simgate.core.errors",
    "simgate.core.identity",
    "simgate.core.runtime",
    "simgate.core.storage",
    "simgate.report",
    "simgate.rows",
)
"""Rooms that cannot change the bytes of a data output: they name and carry it. An edit there re-runs nothing. Of the
rows, those that a spec names are in the key by the modules that they name."""
NEUTRAL_OF_A_STAGE = ("report", "place")
"""Inside a stage's folder: what draws after the commit, and where the stage runs (machines, processes, launchers).
Neutral too, and with it whatever only it imports."""
LOCKS = "locks"
"""The wheel's folder of lock slices: each slice is in the key by itself, and a checkout has them elsewhere."""
ALWAYS = ("simgate.core.given.inputs", "simgate.core.given.scratch")
"""Modules of every stage's closure, though only neutral modules import them: they decide a stage's input bytes."""


@cache
def code_digest(*roots: str) -> str:
    """Return SHA-256 over the closure of some modules: a stage's, and those of what its spec names."""
    lines = [f"{name} {_module_digest(name)}" for name in closure(*roots)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@cache
def closure(*roots: str) -> tuple[str, ...]:
    """Return every module of simgate that `roots` import, at whatever depth, parents' `__init__` included, sorted."""
    for root in roots:
        if _path(root) is None:
            raise InputError(f"module {root} is not in this installation", remedy="ask for something else")
    seen: set[str] = set()
    waiting = [*roots, *ALWAYS]
    while waiting:
        name = waiting.pop()
        if name in seen or _is_neutral(name) or _path(name) is None:
            continue
        seen.add(name)
        waiting.extend(_imports(name))
        waiting.extend(_parents(name))
    return tuple(sorted(seen))


def _is_neutral(name: str) -> bool:
    inside = name.split(".")[2:3]  # of simgate.<stage>.<inside>
    return any(part in NEUTRAL_OF_A_STAGE for part in inside) or any(
        f"{name}.".startswith(f"{room}.") for room in NEUTRAL
    )


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _path(name: str) -> Path | None:
    base = SOURCE_ROOT.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


@cache
def _tree(name: str) -> ast.Module:
    path = _path(name)
    return ast.parse(path.read_bytes() if path else b"")


def _imports(name: str) -> Iterator[str]:
    # Imports inside functions count: heavy libraries are imported at the leaf.
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "simgate")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "simgate":
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _module_digest(name: str) -> str:
    tree = _without_docstrings(_tree(name))
    digest = hashlib.sha256(ast.dump(tree, annotate_fields=False).encode())
    for path in _package_data(name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _package_data(name: str) -> list[Path]:
    """Return files below a package that are no code, down to the next package."""
    path = _path(name)
    if path is None or path.name != "__init__.py":
        return []
    return sorted(_data_files(path.parent))


def _data_files(folder: Path) -> Iterator[Path]:
    for item in folder.iterdir():
        if item.is_dir() and item.name not in ("__pycache__", LOCKS) and not (item / "__init__.py").exists():
            yield from _data_files(item)
        elif item.is_file() and item.suffix not in (".py", ".pyc", ".md", ".typed") and not item.name.endswith("~"):
            yield item


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_string(item)]
    return tree


def _is_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
