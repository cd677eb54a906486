"""docs/how-to/add-a-simulator.md, followed to the letter: a toy simulator in a folder of its own drives episodes."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.tiny_scene import write_scene

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/add-a-simulator.md").read_text(encoding="utf-8")
FILE = re.compile(r"^\d\. File `(\w+\.py)`.*?```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
MOST_PRODUCT_FILES = 3
DRIVE = """
import sys
from pathlib import Path
from simgate.sim.rollout import open_simulator, record
from tests.unit.tiny_scene import spec

asked = spec(simulator="toy", simulator_version="1.0")
simulator = open_simulator(asked, Path(sys.argv[1]))
alone = [m[0].odometry for n in range(3) for m in record(simulator, asked, [n])[1]]
moments = list(record(simulator, asked, [0, 1, 2])[1])
assert [moment[n].odometry for n in range(3) for moment in moments] == alone
print(len(alone))
"""


def test_the_page_followed_to_the_letter_gives_a_simulator(tmp_path: Path) -> None:
    files = FILE.findall(PAGE)
    assert [name for name, _ in files] == ["__init__.py", "simulator.py", "row.py"]
    (tmp_path / "toysim").mkdir()
    for name, text in files:
        (tmp_path / "toysim" / name).write_text(text)
    installed = tmp_path / "toysim-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: toysim\nVersion: 1.0\n")
    [group, line] = re.findall(r'entry-points\."([\w.]+)"\]\n(\w+ = ".*")', PAGE)[0]
    (installed / "entry_points.txt").write_text(f"[{group}]\n{line.replace(chr(34), '')}\n")
    own = [path for folder in (tmp_path / "toysim", installed) for path in folder.iterdir()]
    lines = [_recorded(path, tmp_path) for path in own]
    (installed / "RECORD").write_text("\n".join([*lines, f"{installed.name}/RECORD,,"]) + "\n")
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
    command = [sys.executable, "-c", path + DRIVE, str(write_scene(tmp_path))]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "12"


def test_the_page_touches_three_product_files_at_most() -> None:
    """None of simgate's own from outside; inside, the folder's two and the row."""
    assert "nothing in simgate is edited" in PAGE
    inside = ["tasks/simgate/sim/", "tasks/simgate/rows/simulators.py"]
    assert all(f"`{name}`" in PAGE for name in inside)
    assert len(["__init__.py", "simulator.py", *inside[1:]]) <= MOST_PRODUCT_FILES


def _recorded(path: Path, root: Path) -> str:
    """The line of an installed wheel's RECORD for one file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    return f"{path.relative_to(root)},sha256={digest},{path.stat().st_size}"
