"""Which processes live below another one."""

from __future__ import annotations

from pathlib import Path


def living() -> dict[int, int]:
    """Parent of every living process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(folder.name)] = int(fields[1])
    return found


def descendants(pid: int) -> set[int]:
    """Every living process below `pid`."""
    parents, found = living(), {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}
