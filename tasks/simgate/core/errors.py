"""Every error that simgate raises on purpose.

    SimgateError            something is wrong; exit 1, may be retried
    ├── InputError          the caller's input is wrong (spec, job, USD file, argument); exit 2, never retried
    │   └── Refused         a release rule says no; exit 2, the reasons are kept in the store
    │       └── Unproven    a ledger does not hold, so nothing is decided upon it; exit 3
    ├── DigestMismatch      bytes are not what a manifest says; exit 1
    ├── StoreError          the artifact store did not do what was asked; exit 1
    │   ├── NotFound        no object under that key
    │   ├── Damaged         what lies there cannot be what was written, e.g. a journal with a gap
    │   ├── TooLarge        an object is larger than anything that belongs there
    │   └── AlreadyExists   a create-only key is taken by other bytes
    ├── OutsideFault        code of another distribution failed (simulator, model family, engine); exit 1
    ├── Inconclusive        an observation that proves nothing (starved replay, empty set); exit 1, commits no memo
    └── Preempted           SIGTERM after a checkpoint; exit 143, retried and resumed

Each says what, actual, expected, remedy, in one line. They are caught in one place: `core/runtime/stage.py` for stages,
`cli/__init__.py` for the command, the operator for Airflow.
"""

from __future__ import annotations


class SimgateError(Exception):
    """An error with what is wrong, the actual value, the expected value and the remedy."""

    exit_code = 1

    def __init__(self, what: str, *, actual: object = "", expected: object = "", remedy: str = "") -> None:
        self.what = what
        self.actual = str(actual)
        self.expected = str(expected)
        self.remedy = remedy
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [self.what]
        if self.actual:
            parts.append(f"got {self.actual}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        line = ", ".join(parts)
        return f"{line}; {self.remedy}" if self.remedy else line


class InputError(SimgateError):
    """The caller's input is wrong: doing the same again cannot help."""

    exit_code = 2


class Refused(InputError):
    """A release rule says no."""


class Unproven(Refused):
    """A ledger does not hold: nothing is decided, signed or served from it until it is mended."""

    exit_code = 3


class DigestMismatch(SimgateError):
    """Bytes differ from their manifest; names both digests."""


class StoreError(SimgateError):
    """The artifact store failed."""


class NotFound(StoreError):
    """There is no object under that key."""


class Damaged(StoreError):
    """An object in the store differs from the one that was written there; trying again cannot help."""


class TooLarge(StoreError):
    """An object is larger than anything that belongs there."""


class AlreadyExists(StoreError):
    """A create-only key is taken by other bytes."""


class OutsideFault(SimgateError):
    """Other people's code failed; names its distribution and its entry point."""


class Inconclusive(SimgateError):
    """An observation that proves nothing; it commits no memo."""


class Preempted(SimgateError):
    """Asked to stop (SIGTERM) with a checkpoint kept; a rerun resumes."""

    exit_code = 143
