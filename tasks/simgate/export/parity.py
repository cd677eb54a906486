"""Parity: how far an engine's decoded outputs are from FP32 PyTorch's, from the same stored picture bytes."""

from __future__ import annotations

from collections.abc import Sequence

from simgate.documents.parity import Parity, ParityRow
from simgate.engine.compare import percentiles
from simgate.engine.protocol import Model
from simgate.model.detection import Detection, overlap
from simgate.model.frame import Frame
from simgate.specs.export import ExportSpec

SAME_OBJECT_IOU = 0.5


class ParityMeter:
    """Collects differences frame by frame."""

    def __init__(self, spec: ExportSpec) -> None:
        self._limits = {
            "command.speed_m_s": spec.max_command_difference,
            "command.yaw_rate_rad_s": spec.max_command_difference,
            "box.edge_px": spec.max_box_difference_px,
            "box.score": spec.max_score_difference,
        }
        self._target = spec.target
        self._differences: dict[str, list[float]] = {name: [] for name in self._limits}
        self._samples = 0

    def add(self, frame: Frame, reference: Model, engine: Model) -> None:
        """Compare both on one stored picture."""
        first, second = (one.command(frame.image_bytes, *frame.goal) for one in (reference, engine))
        self._differences["command.speed_m_s"].append(abs(first.speed_m_s - second.speed_m_s))
        self._differences["command.yaw_rate_rad_s"].append(abs(first.yaw_rate_rad_s - second.yaw_rate_rad_s))
        threshold = reference.contract.score_threshold
        self._compare(reference.detect(frame.image_bytes), engine.detect(frame.image_bytes), threshold)
        self._samples += 1

    def result(self) -> Parity:
        """The percentiles so far."""
        rows = tuple(
            ParityRow(output=name, limit=self._limits[name], **percentiles(values)._asdict())
            for name, values in self._differences.items()
        )
        return Parity(reference="pytorch-fp32-cpu", target=self._target, samples=self._samples, rows=rows)

    def _compare(self, reference: Sequence[Detection], engine: Sequence[Detection], threshold: float) -> None:
        left, alone = list(engine), []
        for detection in reference:
            twin = _twin(detection, left)
            if twin is None:
                alone.append(detection)
                continue
            left.remove(twin)
            self._differences["box.score"].append(abs(detection.score - twin.score))
            edges = zip(detection[2:], twin[2:], strict=True)
            self._differences["box.edge_px"].append(max(abs(a - b) for a, b in edges))
        # One has it, the other has not: their scores differ by at least what it has above the threshold.
        self._differences["box.score"].extend(detection.score - threshold for detection in (*left, *alone))


def metrics_of(parity: Parity) -> dict[str, float]:
    """The numbers of the verdict: the largest difference of each output."""
    return {f"{row.output}.max": row.max for row in parity.rows}


def _twin(detection: Detection, others: Sequence[Detection]) -> Detection | None:
    same = [other for other in others if other.label == detection.label]
    best = max(same, key=lambda other: overlap(other[2:], detection[2:]), default=None)
    return best if best is not None and overlap(best[2:], detection[2:]) >= SAME_OBJECT_IOU else None
