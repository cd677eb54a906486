"""Layer: an environment over the one of the tests, with a foreign wheel in it and no second copy of everything else."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.outside.toylab_wheel import Edits, build_wheel

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "WARP_CACHE_PATH")
COMMAND = "from simgate.cli import main; main()"


@dataclass(frozen=True)
class Layer:
    """A virtual environment that sees this one's libraries beneath its own."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, wheel: Path) -> None:
        """Install a wheel, from the file alone."""
        uv = Path(sys.executable).with_name("uv")
        words = ["pip", "install", "--quiet", "--offline", "--no-index", "--no-deps", "--reinstall"]
        done = subprocess.run(
            [str(uv), *words, "--python", str(self.python), str(wheel)], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def simgate(self, project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command `simgate` in a project's folder, as its owner would."""
        return self.run("-c", COMMAND, *words, cwd=project, **variables)

    def run(self, *words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its interpreter to the end."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        wide = {"COLUMNS": "400", "SIMGATE_POLICY": "policy.yaml", "SIMGATE_STORE": str(cwd / "store")}
        return subprocess.run(
            [str(self.python), *words], cwd=cwd, env={**kept, **wide, **variables}, capture_output=True, text=True,
            timeout=300, stdin=subprocess.DEVNULL,
        )  # fmt: skip


def make_layer(folder: Path, edits: Edits | None = None, *, with_toylab: bool = True) -> Layer:
    """Make an environment, and install the foreign distribution as it is or with some edits."""
    folder.mkdir(parents=True)
    layer = Layer(folder / "environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(layer.folder)], check=True, timeout=120)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(layer.folder)}))
    beneath = sysconfig.get_path("purelib")
    # Through `site`, so that the path files beneath count too: one of them leads to simgate's own sources.
    (own / "beneath.pth").write_text(f"import site; site.addsitedir({beneath!r})\n", encoding="utf-8")
    if with_toylab:
        layer.install(build_wheel(folder, edits))
    return layer
