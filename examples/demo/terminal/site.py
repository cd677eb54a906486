"""Site: the demo's folders, all below `.simgate` in the checkout."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simgate.core.errors import InputError

NEEDED = ("dags", "plugins", "examples/demo/scenes", "examples/demo/policy.yaml", "examples/demo/recipes")


@dataclass(frozen=True, slots=True)
class Site:
    """The demo's folders."""

    checkout: Path

    @property
    def root(self) -> Path:
        """The folder of all that the demo writes; only its owner can read it."""
        return self.checkout / ".simgate"

    @property
    def project(self) -> Path:
        """The demo's own project: recipes, policy, and the sample scenes, which stay as they are."""
        return self.checkout / "examples" / "demo"

    @property
    def samples(self) -> Path:
        """The sample scenes."""
        return self.project / "scenes"

    @property
    def store(self) -> Path:
        """The artifact store."""
        return self.root / "store"

    @property
    def scenes(self) -> Path:
        """The demo's own copy of the sample scenes: what it edits."""
        return self.root / "demo-scenes"

    @property
    def airflow_home(self) -> Path:
        """Airflow's database, logs and passwords."""
        return self.root / "airflow"

    @property
    def recipes(self) -> Path:
        """The demo's recipes."""
        return self.project / "recipes"

    @property
    def policy(self) -> Path:
        """The release policy."""
        return self.project / "policy.yaml"

    @property
    def mlflow_uri(self) -> str:
        """MLflow's tracking store and registry: a local file."""
        return f"sqlite:///{self.root / 'mlflow.db'}"

    @property
    def _marker(self) -> Path:
        return self.root / "demo-began"

    def begin(self) -> bool:
        """Make the folders and note the beginning; True where an earlier demo never came to its end."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.root.chmod(0o700)
        cut_short = self._marker.exists()
        self._marker.touch()
        return cut_short

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the demo's lock; InputError while another demo runs in this checkout."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        with (self.root / "demo.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError("a demo runs here already", remedy="wait for it, or end it") from error
            yield

    def finish(self) -> None:
        """Note that the demo finished."""
        self._marker.unlink(missing_ok=True)

    def copy_scenes(self) -> None:
        """Put the sample scenes where the demo may edit them; a copy that is there stays as it is."""
        if self.scenes.exists():
            return
        partial = self.scenes.with_name("demo-scenes.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(self.samples, partial, ignore=shutil.ignore_patterns("author", "__pycache__", ".*"))
        partial.rename(self.scenes)


def this_site() -> Site:
    """Return the site of the checkout that the command is run in."""
    here = Path.cwd()
    missing = [name for name in NEEDED if not (here / name).exists()]
    if missing:
        raise InputError(
            "the demo runs in a checkout of simgate", actual=here, expected="a folder with " + ", ".join(NEEDED)
        )
    return Site(here)
