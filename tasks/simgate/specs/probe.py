"""ProbeSpec: a stage that makes nothing useful, on purpose; it proves that a place runs stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.stage_spec import Spec


class ProbeSpec(Spec):
    """Write pseudo-random bytes, in steps with checkpoints, and end as asked."""

    seed: Annotated[int, Field(ge=0, le=2**53 - 1)]
    files: Annotated[int, Field(ge=1, le=1000)] = 3
    """Number of outputs."""
    size_bytes: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """Size of each."""
    step_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Pause after each file: time to be killed in."""
    end: Literal["commit", "fail-verdict", "error", "bad-input", "preempted-once"] = "commit"
    """Its end; `preempted-once` exits 143 after half of its files, unless it resumes from its own checkpoint."""
