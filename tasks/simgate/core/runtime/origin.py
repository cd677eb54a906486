"""Origin: which distribution brought a module, so that an error in other people's code is reported as theirs.

Standard library and our errors alone: workers use it too.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from simgate.core.errors import OutsideFault, SimgateError

MAX_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """A row that another distribution brings and that this process has loaded."""

    what: str
    """Kind and name: `simulator lamp`."""
    entry_point: str
    """Name and group: `lamp of simgate.simulators`."""
    distribution: str
    """Name and version: `acme 1.0`."""
    module: str
    """Module that does its work."""


_KNOWN: dict[str, Origin] = {}
"""By module; a process loads what its specs name."""


def remember(origin: Origin) -> None:
    """Note a row of another distribution that this process has loaded."""
    _KNOWN[origin.module] = origin


@contextmanager
def told_as_theirs() -> Iterator[None]:
    """Turn an error of other people's code into an OutsideFault; every other error passes as it is."""
    try:
        yield
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        raise fault from error


def fault_of(error: BaseException) -> OutsideFault | None:
    """Return the error as its distribution's fault; None for ours, and for one that says on purpose what is wrong."""
    if isinstance(error, SimgateError) or not isinstance(error, Exception):
        return None
    frames = _their_frames(error.__traceback__)
    if not frames:
        return None
    first, last = frames[0], frames[-1]
    origins = _origins_of(_module(first))
    named = " or ".join(f"{item.what} of distribution {item.distribution}" for item in origins)
    points = " or ".join(item.entry_point for item in origins)
    place = f"{_module(last)} line {last.tb_lineno}"
    return OutsideFault(
        f"{named} (entry point {points}) failed: {repr(error)[:MAX_ERROR_CHARACTERS]} in {place}",
        remedy=f"ask the author of {origins[0].distribution.partition(' ')[0]}",
    )


def their_trace(error: BaseException) -> str:
    """Return the trace of an error from the point where simgate called other people's code."""
    frames = _their_frames(error.__traceback__)
    said = traceback.format_exception_only(error)
    return "".join([*traceback.format_tb(frames[0]), *said]) if frames else "".join(said)


def _their_frames(trace: TracebackType | None) -> list[TracebackType]:
    found = []
    while trace is not None:
        if _origins_of(_module(trace)):
            found.append(trace)
        trace = trace.tb_next
    return found


def _module(trace: TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", ""))


def _origins_of(module: str) -> tuple[Origin, ...]:
    """Find the row that names a module or a folder above it, else all rows of its top package."""
    above = [origin for name, origin in _KNOWN.items() if f"{module}.".startswith(f"{name}.")]
    if above:
        return (max(above, key=lambda origin: len(origin.module)),)
    top = module.partition(".")[0]
    return tuple(origin for name, origin in _KNOWN.items() if name.partition(".")[0] == top)
