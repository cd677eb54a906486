"""Rows: one a sample, in bytes that do not change, without pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from simgate.data.rows import ROWS_PER_GROUP, RowsWriter
from tests.unit.synthetic import make_sample


def write(path: Path, frames: int = 3) -> None:
    """Rows of one episode."""
    with RowsWriter(path) as writer:
        for frame in range(frames):
            writer.add(make_sample(frame=frame))


def test_rows_made_twice_have_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_row_says_what_its_sample_says(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet")
    sample = make_sample(frame=2)
    row = pq.read_table(tmp_path / "rows.parquet").to_pylist()[2]
    assert (row["scene"], row["episode"], row["frame"], row["stamp_ns"]) == ("office", 0, 2, 400_000_000)
    assert row["x_m"] == sample.odometry.x_m
    assert row["goal_distance_m"] == 3.0 - sample.odometry.x_m
    assert row["box_label"] == ["person", "box", "chair"]
    assert row["box_x_min_px"] == [2, 12, 22]
    assert row["box_occlusion"] == [0.0, 0.25, 0.5]
    assert (row["boxes"], row["boxes_person"], row["boxes_bin"], row["instances"]) == (3, 1, 0, 5)
    assert row["rgb_mean_g"] == sample.rgb[..., 1].mean()
    assert row["depth_invalid_fraction"] == 0.0
    assert row["depth_max_m"] == 5.0


def test_rows_are_written_in_groups(tmp_path: Path) -> None:
    sample = make_sample()
    with RowsWriter(tmp_path / "rows.parquet") as writer:
        for _ in range(ROWS_PER_GROUP + 1):
            writer.add(sample)
    metadata = pq.read_metadata(tmp_path / "rows.parquet")
    assert (metadata.num_rows, metadata.num_row_groups) == (ROWS_PER_GROUP + 1, 2)


def test_no_rows_are_a_readable_file_too(tmp_path: Path) -> None:
    with RowsWriter(tmp_path / "rows.parquet"):
        pass
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 0


def test_the_writer_does_not_load_pandas(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; sys.path[:0] = sys.argv[2:]\n"
        "from tests.unit import test_data_rows as rows\n"
        "rows.write(pathlib.Path(sys.argv[1]))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    paths = [str(root), str(root / "tasks")]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "rows.parquet"), *paths], check=True)
