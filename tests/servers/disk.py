"""A disk that is soon full: a small tmpfs, where this machine allows mounts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[bool]:
    """`folder` with room for so much; False where mounting is refused, and the folder is as large as its disk."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)], capture_output=True, timeout=30
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            # Lazily: whoever still holds a file there shall not keep the test from ending.
            subprocess.run(["umount", "-l", str(folder)], check=True, timeout=30)
