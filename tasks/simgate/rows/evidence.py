"""Evidence: what a candidate's evidence must hold and on what each of it stands; all of it follows from the rows."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.core.documents.names import Split
from simgate.rows.families import FAMILIES
from simgate.rows.stages import STAGES, Evidence, StageRow, Subject


def _all() -> Iterator[tuple[StageRow, Evidence]]:
    return ((row, item) for row in STAGES.ours for item in row.evidence)


def _splits(row: StageRow) -> Iterator[Split]:
    return (item.split for item in row.upstream if item.split is not None)


def _stands_on(row: StageRow) -> Iterator[str]:
    """Return the roles of the runs that it must be about; its split is checked elsewhere."""
    above = (STAGES.find(item.stage) for item in row.upstream if item.split is None and item.stage in STAGES.names())
    return (item.role for upstream in above for item in upstream.evidence if item.required)


EVIDENCE_ROLES = tuple(item.role for _, item in _all())
REQUIRED = tuple(item.role for _, item in _all() if item.required)
DRIVEN = tuple(item.role for row, item in _all() if row.drives)
"""Those of which there are none where a family commands nothing."""
STAGE_OF_ROLE = {item.role: row.name for row, item in _all()}
SUBJECT_OF_ROLE: dict[str, Subject | None] = {item.role: item.subject for _, item in _all()}
STANDS_ON = tuple((item.role, above) for row, item in _all() if item.required for above in _stands_on(row))
"""(about, upstream): the candidate's own run of the one must be made from its own run of the other."""
SPLIT_OF_ROLE: dict[str, Split] = {item.role: split for row, item in _all() for split in _splits(row)}
GATE_ROLES = tuple(item.role for row, item in _all() if row.gate)
"""Those whose manifests a gate key signs."""


def required_of(family: str) -> tuple[str, ...]:
    """Return the roles that a candidate of a family must have; without those of a robot where it commands none."""
    commands = FAMILIES.find(family).commands
    return tuple(role for role in REQUIRED if commands or role not in DRIVEN)


def role_of(stage: str, subject: Subject | None = None) -> str:
    """Return the evidence role of a stage's run about that model."""
    return next(item.role for item in STAGES.find(stage).evidence if item.subject == subject)
