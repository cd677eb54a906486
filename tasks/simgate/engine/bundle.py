"""Bundle: an engine in a folder, with engine.json beside its files. `open_engine` is the only way in."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simgate.core.documents.canonical import canonical_json, parse_json
from simgate.core.errors import InputError
from simgate.core.identity import lock
from simgate.documents.engine import MAX_BUNDLE_BYTES, NAME, EngineBundle, EngineFile
from simgate.engine.protocol import Engine, Target
from simgate.families.base_contract import Contract, read_contract
from simgate.rows.engines import ENGINES, EngineRow, built_here

MAX_DOCUMENT_BYTES = 1024 * 1024
REMEDY = "export the model again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files agree with its engine.json."""

    folder: Path
    document: EngineBundle
    contract: Contract
    row: EngineRow

    def check_runtime(self) -> None:
        """Refuse to open it with another runtime than it was built and compared with."""
        found = installed(self.row)
        if found != self.document.runtime:
            raise InputError(
                f"this engine was built for another {self.row.name} than there is here",
                actual=_versions(found),
                expected=_versions(self.document.runtime),
                remedy=f"{REMEDY} with the versions of here",
            )


def write_bundle(folder: Path, graph: bytes, contract: Contract, *, target: str, precision: str) -> EngineBundle:
    """Build an engine of an ONNX graph in an empty folder, and write its engine.json."""
    row = row_of(target, precision)
    _target(row).build(graph, precision, folder)
    document = EngineBundle(
        family=contract.family,
        contract=contract.model_dump(mode="json"),
        target=target,
        precision=precision,
        runtime=installed(row),
        files=tuple(_entry(path) for path in sorted(folder.iterdir())),
    )
    (folder / NAME).write_bytes(document.to_json())
    return document


def row_of(target: str, precision: str) -> EngineRow:
    """Find a target; one that comes later, or lacks the precision, is refused."""
    row = ENGINES.find(target)
    if not row.precisions:
        there = built_here()
        remedy = f"use {there}; this target comes later"
        raise InputError("field target: not supported yet", actual=target, expected=there, remedy=remedy)
    if precision not in row.precisions:
        raise InputError(
            "field precision: not supported by this target",
            actual=precision,
            expected=" | ".join(row.precisions),
            remedy=f"use {row.precisions[0]}, or another target",
        )
    return row


def open_engine(folder: Path) -> Engine:
    """Open the engine in a folder; a bundle that is not whole, or not for here, is refused with both sides named."""
    bundle = read_bundle(folder)
    bundle.check_runtime()
    engine = _target(bundle.row).open_target(folder, bundle.contract)
    if engine.contract != bundle.contract:
        raise InputError(
            f"{NAME} and the engine's own file state different contracts",
            actual=engine.contract.to_json().decode()[:200],
            expected=bundle.contract.to_json().decode()[:200],
            remedy=REMEDY,
        )
    return engine


def read_bundle(folder: Path) -> Bundle:
    """Read engine.json and check every file against it; nothing of the engine is run."""
    document = _document(folder)
    row = row_of(document.target, document.precision)
    contract = _contract_of(document)
    _check_names(folder, document)
    for file in document.files:
        _check_file(folder / file.name, file)
    return Bundle(folder, document, contract, row)


def _contract_of(document: EngineBundle) -> Contract:
    """Read the contract by its family's type; both must name one family."""
    contract = read_contract(canonical_json(document.contract), what=f"contract of {NAME}")
    if contract.family != document.family:
        raise InputError(f"{NAME} names two families", actual=contract.family, expected=document.family, remedy=REMEDY)
    return contract


def installed(row: EngineRow) -> dict[str, str]:
    """Find the versions of a target's runtime here; empty for a distribution that is not installed."""
    return {name: lock.installed(name) for name in row.runtime}


def _target(row: EngineRow) -> Target:
    found: Target = ENGINES.imported(row, row.module)
    return found


def _versions(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version or 'not installed'}" for name, version in sorted(found.items())) or "none"


def _document(folder: Path) -> EngineBundle:
    path = folder / NAME
    size_bytes = _regular(path)
    if not size_bytes <= MAX_DOCUMENT_BYTES:
        raise InputError(
            f"{NAME} is too large",
            actual=f"{size_bytes} bytes",
            expected=f"at most {MAX_DOCUMENT_BYTES}",
            remedy=REMEDY,
        )
    value = parse_json(path.read_bytes(), what=NAME)
    version = value.get("version") if isinstance(value, dict) else None
    if version != 1:
        raise InputError(f"{NAME} is of another version", actual=version, expected=1, remedy=REMEDY)
    document = EngineBundle.from_value(value, what=NAME)
    total_bytes = sum(file.size_bytes for file in document.files)
    if not total_bytes <= MAX_BUNDLE_BYTES:
        raise InputError(
            "engine is too large", actual=f"{total_bytes} bytes", expected=f"at most {MAX_BUNDLE_BYTES}", remedy=REMEDY
        )
    return document


def _check_names(folder: Path, document: EngineBundle) -> None:
    found = {path.name for path in folder.iterdir()}
    expected = {NAME, *(file.name for file in document.files)}
    if found != expected:
        raise InputError(
            "engine has other files than its engine.json lists",
            actual=_some(found),
            expected=_some(expected),
            remedy=REMEDY,
        )


def _check_file(path: Path, file: EngineFile) -> None:
    size_bytes = _regular(path)
    if size_bytes != file.size_bytes:
        raise InputError(
            f"{file.name} of the engine is of another size",
            actual=f"{size_bytes} bytes",
            expected=f"{file.size_bytes}",
            remedy=REMEDY,
        )
    sha256 = _digest(path)
    if sha256 != file.sha256:
        raise InputError(
            f"{file.name} of the engine has other bytes", actual=sha256, expected=file.sha256, remedy=REMEDY
        )


def _regular(path: Path) -> int:
    """Return the size of a regular file in bytes; a link, a folder or a missing file is refused."""
    try:
        found = path.lstat()
    except FileNotFoundError as error:
        raise InputError(f"engine has no {path.name}", expected=f"a folder with {NAME}", remedy=REMEDY) from error
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path.name} of the engine is no regular file", actual=stat.filemode(found.st_mode))
    return found.st_size


def _entry(path: Path) -> EngineFile:
    return EngineFile(name=path.name, sha256=_digest(path), size_bytes=_regular(path))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:10])
