"""docs/dataset.md: a reader who copies its snippets reads a shard, and 16 bits of depth stay millimetres."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simgate.data.messages import TOPICS
from simgate.data.record import SUFFIXES
from simgate.data.shard import read_members
from tests.unit.synthetic import make_sample
from tests.unit.synthetic_dataset import FRAMES, SyntheticDataset

PAGE = (Path(__file__).parents[2] / "docs/dataset.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One shard's files, as somebody copied them."""
    (tmp_path / "made").mkdir()
    (tmp_path / "copied").mkdir()
    for name, data in SyntheticDataset(tmp_path / "made").record("office", 0, 1).items():
        (tmp_path / "copied" / Path(name).name).write_bytes(data)
    return tmp_path / "copied"


def run(snippet: str, folder: Path) -> str:
    """What a snippet prints when it is run beside the files."""
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    ran = subprocess.run(
        [sys.executable, "-c", snippet], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_pages_snippet_reads_every_sample(folder: Path) -> None:
    check = "\n    np.save(sample['__key__'] + '.npy', depth_m)\n    assert instance.max() > 0 and semantic.max() > 0\n"
    said = run(SNIPPETS[0].rstrip() + check, folder).splitlines()
    assert len(said) == FRAMES
    assert said[0].startswith("office_000000_0000 ")
    depth_m = np.load(folder / "office_000000_0000.npy")
    assert np.allclose(depth_m, make_sample("office", 0, 0).depth_m, atol=0.0006)


def test_the_pages_snippet_reads_the_rows(folder: Path) -> None:
    assert run(SNIPPETS[1], folder).startswith(f"{FRAMES} [")


def test_the_page_names_every_member_and_topic_and_no_other() -> None:
    assert re.findall(r"^\| `(\.[a-z.]+)` \|", PAGE, re.MULTILINE) == list(SUFFIXES)
    assert set(re.findall(r"`(/[a-z_/]+)`", PAGE)) == set(TOPICS)


def test_depth_is_stored_in_16_bits(folder: Path) -> None:
    members = next(read_members(folder / "shard.tar"))[1]
    with Image.open(io.BytesIO(members[".depth.png"])) as image:
        assert image.mode.startswith("I")
