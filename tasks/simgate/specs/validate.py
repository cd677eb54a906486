"""ValidateSpec: the bounds that a dataset must keep, and how its shards are checked."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import higher, lower


class ValidateSpec(Spec):
    """Check a dataset's shards against each other, their digests and the simulator's truth."""

    zero_metrics: ClassVar[tuple[str, ...]] = ("findings",)

    min_frames_train: Annotated[int, Field(ge=1), higher("frames train")] = 1
    min_frames_eval: Annotated[int, Field(ge=1), higher("frames eval")] = 1
    """Fewer frames than this on a side fails."""
    min_box_mask_iou: Annotated[float, Field(ge=0, le=1), higher("least box mask IoU")] = 0.99
    """Least IoU of a stored box with the box of its instance mask, for every visible object."""
    max_depth_m: Annotated[float, Field(gt=0), lower("largest depth m")] = 60.0
    """A finite depth beyond this fails."""
    max_invalid_depth_fraction: Annotated[float, Field(ge=0, le=1), lower("largest invalid depth fraction")] = 0.02
    """Share of pixels of a frame that may carry no depth."""
    max_blank_fraction: Annotated[float, Field(ge=0, le=1), lower("blank fraction")] = 0.10
    """Share of frames whose picture may be nearly one colour."""
    min_classes: Annotated[int, Field(ge=1), higher("obstacle classes")] = 3
    """Distinct obstacle classes with at least one box, over the whole dataset."""
    min_goal_progress_m: Annotated[float, higher("median goal progress m")] = 0.0
    """Median, over episodes, of how much nearer the goal the expert ends than it began."""
    bitwise_recheck_shards: Annotated[int, Field(ge=0), higher()] = 0
    """Number of shards to make again and compare byte by byte (canary)."""
