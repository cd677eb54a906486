"""Shared libraries: what native code is linked to, as this machine's loader finds it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

AT_ONCE = 64
TIMEOUT_S = 120.0


def needed_by(programs: Iterable[Path]) -> frozenset[Path]:
    """Every library that these programs and libraries need to be loaded, over all steps."""
    found: set[Path] = set()
    for some in _batched(list(programs)):
        # It fails for files that are no dynamic objects; what it says of the others counts.
        said = subprocess.run(["ldd", *map(str, some)], capture_output=True, text=True, timeout=TIMEOUT_S).stdout
        found.update(Path(path) for path in re.findall(r"^\t(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE))
    return frozenset(found)


def _batched(programs: list[Path]) -> Iterable[list[Path]]:
    return (programs[first : first + AT_ONCE] for first in range(0, len(programs), AT_ONCE))
