"""Parity: how far an engine's decoded answers are from FP32 PyTorch's, from the same stored picture bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simgate.documents.parity_report import Parity, ParityRow
from simgate.engine.compare import percentiles
from simgate.engine.protocol import Model
from simgate.families.family import Differences
from simgate.families.frame import Frame
from simgate.specs.bounds import bounds
from simgate.specs.export import ExportSpec

LARGEST = ".max"
"""Metric of a parity row: its largest difference."""


def compare(differences: Differences, frame: Frame, reference: Model, engine: Model) -> None:
    """Compare both on one stored picture."""
    first, second = (one.look(one.contract.picture(frame.image_bytes), frame.goal) for one in (reference, engine))
    differences.add(first, second)


def parity_of(spec: ExportSpec, rows: Mapping[str, Sequence[float]], samples: int) -> Parity:
    """Return the percentiles of each row beside its limit."""
    limits = {bound.metric: bound.limit for bound in bounds(spec)}
    return Parity(
        reference="pytorch-fp32-cpu",
        target=spec.target,
        samples=samples,
        rows=tuple(
            ParityRow(output=name, limit=limits[f"{name}{LARGEST}"], **percentiles(values)._asdict())
            for name, values in rows.items()
        ),
    )


def metrics_of(parity: Parity) -> dict[str, float]:
    """Return the numbers of the verdict: the largest difference of each output."""
    return {f"{row.output}{LARGEST}": row.max for row in parity.rows}
