"""PostgreSQL's programs: the installed ones, or Debian's packages unpacked into the cache; nothing is installed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")
PACKAGE = "postgresql"
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Programs:
    """Where they lie."""

    root: Path
    """`/`, or the folder in which the packages lie as they would lie under `/`."""
    binaries: Path

    def path(self, name: str) -> str:
        """One program."""
        return str(self.binaries / name)

    @property
    def environment(self) -> dict[str, str]:
        """What they are started with: nothing of the tests' own environment."""
        libraries = ":".join(str(folder) for folder in sorted(self.root.glob("usr/lib/*-linux-gnu")))
        unpacked = {"LD_LIBRARY_PATH": libraries} if self.root != Path("/") else {}
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **unpacked}

    @property
    def share(self) -> tuple[str, ...]:
        """initdb's word for where its templates lie, where that is not where it was built for."""
        if self.root == Path("/"):
            return ()
        return ("-L", str(self.root / "usr/share/postgresql" / self.binaries.parent.name))


def programs(private: Path | None) -> Programs:
    """The programs; unpacked ones are copied into `private` for a user who may not enter the cache's folder."""
    if (found := _newest(INSTALLED)) is not None:
        return Programs(Path("/"), found)
    root = _unpacked()
    if private is not None:
        root = Path(shutil.copytree(root, private / "root", symlinks=True))
    found = _newest(root / "usr/lib/postgresql")
    if found is None:
        raise RuntimeError(f"{root} holds no PostgreSQL; remove it and try again")
    return Programs(root, found)


def _newest(folder: Path) -> Path | None:
    found = [path.parent for path in folder.glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _unpacked() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simgate" / "postgres"
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / "root"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / "done").exists():
            _unpack(_downloaded(cache / "packages"), root)
            (cache / "done").touch()
    return root


def _downloaded(folder: Path) -> list[Path]:
    """PostgreSQL's package and whatever of its dependencies this machine lacks."""
    say("fetching Debian's packages by apt")
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    # Other lists of the machine may not answer: what counts is whether the download works.
    subprocess.run(["apt-get", "-qq", "update"], capture_output=True, timeout=TIMEOUT_S)
    command = [
        "apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "-o", "Debug::NoLocking=1",
        "-o", "APT::Sandbox::User=root", "-o", f"Dir::Cache::archives={folder}", "install", PACKAGE,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"apt-get has no {PACKAGE}: {done.stderr[-2000:]}")
    return sorted(folder.glob("*.deb"))


def _unpack(packages: Iterable[Path], root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    for package in packages:
        say(f"unpacking {package.name}")
        subprocess.run(["dpkg-deb", "-x", package, root], check=True, timeout=TIMEOUT_S)
        package.unlink()


def say(text: str) -> None:
    """One line of progress, past pytest's capture."""
    print(f"[{time.strftime('%H:%M:%S')}] postgres: {text}", file=sys.__stderr__, flush=True)
