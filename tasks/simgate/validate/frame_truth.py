"""Frame truth: do the parts of one sample agree — boxes, masks, depth, camera?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simgate.data.sample import Box, Sample
from simgate.specs.validate import ValidateSpec
from simgate.specs.vocabulary import OBSTACLES

Defect = tuple[str, str]
"""(check, what is wrong with its numbers)"""

MUST_BOX_PX = 25
"""An obstacle with this many visible pixels must have a box (simulators leave away smaller ones)."""
MAX_OBSTACLE_DEPTH_M = 2.0
"""Largest spread (5 to 95 %) of depth on one obstacle: none of our obstacle classes is that long."""
MAX_UNHIT_FRACTION = 0.001
"""Share of a picture that may carry an instance and no depth (things beyond 65 m)."""
FLOOR_TOLERANCE_M = 0.02
MIN_FLOOR_PX = 50
MIN_FLOOR_SHARE = 0.95
RIGID_TOLERANCE = 1e-6


def check_frame(sample: Sample, classes: Sequence[str], spec: ValidateSpec) -> Iterator[Defect]:
    """Yield every defect of one sample."""
    yield from check_boxes(sample, classes, spec.min_box_mask_iou)
    yield from check_masks(sample, classes)
    yield from check_depth(sample, spec)
    yield from check_camera(sample)
    yield from check_floor(sample, classes)


def check_boxes(sample: Sample, classes: Sequence[str], min_iou: float) -> Iterator[Defect]:
    """Compare boxes with the instance mask, both ways."""
    height, width = sample.instance.shape
    seen: set[int] = set()
    for box in sample.boxes:
        name = f"box of {box.label} (instance {box.instance})"
        if box.instance in seen:
            yield "box against mask", f"{name} is there twice"
        seen.add(box.instance)
        mask = sample.instance == box.instance
        iou = box_iou(box, mask)
        if not iou >= min_iou:
            yield "box against mask", f"{name} and its mask have IoU {iou:.3f}, expected ≥ {min_iou:g}"
        if (visible := int(np.count_nonzero(mask))) != box.visible_px:
            yield "box against mask", f"{name} says {box.visible_px} visible pixels, its mask has {visible}"
        if not (0 <= box.x_min_px < box.x_max_px <= width and 0 <= box.y_min_px < box.y_max_px <= height):
            yield "box against mask", f"{name} leaves the picture of {width}×{height}: {edges(box)}"
        if not 0 <= box.occlusion <= 1:
            yield "box against mask", f"{name} has occlusion {box.occlusion:g}, expected 0 to 1"
    yield from _unboxed(sample, classes, seen)


def _unboxed(sample: Sample, classes: Sequence[str], boxed: set[int]) -> Iterator[Defect]:
    counts = np.bincount(sample.instance.ravel())
    for instance in np.flatnonzero(counts >= MUST_BOX_PX).tolist():
        if instance == 0 or instance in boxed:
            continue
        value = int(sample.semantic.ravel()[np.argmax(sample.instance.ravel() == instance)])
        label = classes[value - 1] if 0 < value <= len(classes) else ""
        if label in OBSTACLES:
            yield "box against mask", f"{label} (instance {instance}) has {counts[instance]} visible pixels and no box"


def check_masks(sample: Sample, classes: Sequence[str]) -> Iterator[Defect]:
    """Compare the semantic with the instance mask."""
    pairs = np.unique(sample.instance.astype(np.int64) * 256 + sample.semantic)
    class_of: dict[int, int] = {}
    for pair in pairs.tolist():
        instance, value = divmod(pair, 256)
        if value > len(classes):
            yield "semantic against instance", f"class id {value}, expected at most {len(classes)}"
        if instance == 0 and value:
            yield "semantic against instance", f"pixels of class id {value} belong to no instance"
        elif class_of.setdefault(instance, value) != value:
            yield "semantic against instance", f"instance {instance} has class ids {class_of[instance]} and {value}"
    for box in sample.boxes:
        expected = classes.index(box.label) + 1 if box.label in classes else 0
        if class_of.get(box.instance, expected) != expected:
            found = class_of[box.instance]
            yield "semantic against instance", f"box {box.label} covers class id {found}, expected {expected}"


def check_depth(sample: Sample, spec: ValidateSpec) -> Iterator[Defect]:
    """Check that depth is there, within limits, and on the things that the masks show."""
    depth = sample.depth_m
    unhit = float((depth == 0).mean())
    if not unhit <= spec.max_invalid_depth_fraction:
        yield "depth", f"{unhit:.1%} of the pixels carry no depth, expected ≤ {spec.max_invalid_depth_fraction:.1%}"
    if not (deepest := float(depth.max())) <= spec.max_depth_m:
        yield "depth", f"depth reaches {deepest:.2f} m, expected ≤ {spec.max_depth_m:g} m"
    if depth.size > 1 and float(depth.min()) == deepest:
        yield "depth", f"depth is {deepest:.2f} m in every pixel"
    if not (bare := float(((sample.instance > 0) & (depth == 0)).mean())) <= MAX_UNHIT_FRACTION:
        yield "mask against depth", f"{bare:.1%} of the pixels show an instance without depth"
    for box in sample.boxes:
        on_it = depth[(sample.instance == box.instance) & (depth > 0)]
        if box.label in OBSTACLES and on_it.size >= MUST_BOX_PX:
            low, high = np.quantile(on_it, (0.05, 0.95))
            if not high - low <= MAX_OBSTACLE_DEPTH_M:
                text = f"{box.label} (instance {box.instance}) spreads from {low:.2f} to {high:.2f} m"
                yield "mask against depth", f"{text}, expected ≤ {MAX_OBSTACLE_DEPTH_M:g} m"


def check_camera(sample: Sample) -> Iterator[Defect]:
    """Check that extrinsics are a rigid motion, and intrinsics those of a camera that looks through the picture."""
    camera, matrix = sample.camera, sample.camera.world_from_camera
    rotation = matrix[:3, :3]
    error = float(np.abs(rotation.T @ rotation - np.eye(3)).max())
    if not (error <= RIGID_TOLERANCE and np.linalg.det(rotation) > 0 and np.array_equal(matrix[3], (0, 0, 0, 1))):
        yield "camera", f"extrinsics are not rigid: |RᵀR − 1| = {error:.2g}, det {np.linalg.det(rotation):.4f}"
    height, width = sample.depth_m.shape
    if not (camera.fx_px > 0 and camera.fy_px > 0 and 0 < camera.cx_px < width and 0 < camera.cy_px < height):
        optics = f"f = ({camera.fx_px:g}, {camera.fy_px:g}), c = ({camera.cx_px:g}, {camera.cy_px:g})"
        yield "camera", f"optics {optics} do not fit a picture of {width}×{height}"


def check_floor(sample: Sample, classes: Sequence[str]) -> Iterator[Defect]:
    """Check that the floor's pixels, put into the world by depth and camera, lie at z = 0, where the base drives."""
    if "floor" not in classes:
        return
    rows, columns = np.nonzero((sample.semantic == classes.index("floor") + 1) & (sample.depth_m > 0))
    if rows.size < MIN_FLOOR_PX:
        return
    heights = world_points(sample, rows, columns)[:, 2]
    share = float((np.abs(heights) <= FLOOR_TOLERANCE_M).mean())
    if not share >= MIN_FLOOR_SHARE:
        low, high = np.quantile(heights, (0.05, 0.95))
        yield "geometry", f"floor points lie between z = {low:.3f} and {high:.3f} m, expected 0 ± {FLOOR_TOLERANCE_M:g}"


def world_points(sample: Sample, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the world positions (count × 3) seen by these pixels; a pixel's ray goes through its centre."""
    camera = sample.camera
    depth = sample.depth_m[rows, columns].astype(np.float64)
    x = (columns + 0.5 - camera.cx_px) / camera.fx_px * depth
    y = (rows + 0.5 - camera.cy_px) / camera.fy_px * depth
    matrix = camera.world_from_camera
    return np.asarray(np.stack([x, y, depth], axis=1) @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


def box_iou(box: Box, mask: NDArray[np.bool_]) -> float:
    """IoU of a box with the tight box of a mask; 0 for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0.0
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    across = max(0, min(x1, box.x_max_px) - max(x0, box.x_min_px))
    down = max(0, min(y1, box.y_max_px) - max(y0, box.y_min_px))
    area = (box.x_max_px - box.x_min_px) * (box.y_max_px - box.y_min_px)
    union = (x1 - x0) * (y1 - y0) + area - across * down
    return across * down / union if union > 0 else 0.0


def edges(box: Box) -> str:
    """Return the box in words."""
    return f"x {box.x_min_px} to {box.x_max_px}, y {box.y_min_px} to {box.y_max_px}"
