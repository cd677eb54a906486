"""Fetched: a bundle from a store, as a folder of this machine."""

from __future__ import annotations

import re
from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.given.inputs import Inputs
from simgate.documents.engine import FOLDER, MAX_BUNDLE_BYTES, MAX_FILES, PLAIN_NAME
from simgate.engine.bundle import REMEDY, Bundle, read_bundle


def fetch_bundle(inputs: Inputs, to: Path) -> Bundle:
    """Fetch the whole bundle of the export among the inputs, each file checked against its manifest, and read it."""
    found = [item for item in inputs.manifest("export").artifacts if item.name.startswith(f"{FOLDER}/")]
    names = [item.name.removeprefix(f"{FOLDER}/") for item in found]
    if wrong := [name for name in names if not re.fullmatch(PLAIN_NAME, name)]:
        raise InputError(
            "engine has a file that lies in no bundle", actual=wrong[0], expected=PLAIN_NAME, remedy=REMEDY
        )
    size_bytes = sum(item.size_bytes for item in found)
    if not (len(found) <= MAX_FILES + 1 and size_bytes <= MAX_BUNDLE_BYTES):
        raise InputError(
            "engine is too large",
            actual=f"{len(found)} files, {size_bytes} bytes",
            expected=f"at most {MAX_FILES + 1} files, {MAX_BUNDLE_BYTES} bytes",
            remedy=REMEDY,
        )
    to.mkdir()
    for item, name in zip(found, names, strict=True):
        inputs.fetch("export", item.name, to / name)
    return read_bundle(to)
