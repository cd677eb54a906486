"""Hyperkube: API server, controller manager, scheduler and kubelet as one static program, built from Go modules."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.servers.cache import built_once, say
from tests.servers.go import go
from tests.servers.kubernetes.places import home

SOURCE = Path(__file__).parent / "go"
GC_FLAGS = "all=-dwarf=false"
BUILD_TIMEOUT_S = 2700.0
PROGRESS_EVERY_S = 30.0


def hyperkube() -> Path:
    """The program, kept by what it is made from; its build takes 6 minutes of two cores, and 5.5 GB until its end."""
    return built_once(home() / "bin" / f"hyperkube-{_key()}", _build, what=f"Kubernetes {version()}")


def version() -> str:
    """The version of Kubernetes, as go.mod pins it: `v1.34.4`."""
    match = re.search(r"^require k8s.io/kubernetes (v\S+)$", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    assert match
    return match[1]


def _key() -> str:
    parts = [GC_FLAGS.encode(), *((SOURCE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(target: Path) -> None:
    say(f"building Kubernetes {version()} (once; about 6 minutes on two idle cores)")
    folder = home() / "build"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    _compile(target, folder, home() / "build.log")
    shutil.rmtree(folder)  # 3 GB of modules and objects


def _compile(target: Path, folder: Path, log: Path) -> None:
    environment = {
        **os.environ,
        "GOMODCACHE": str(folder / "mod"),
        "GOCACHE": str(folder / "cache"),
        "GOTMPDIR": str(folder / "tmp"),
        "GOFLAGS": "-trimpath -buildvcs=false -modcacherw",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    command = [
        str(go()), "build", "-tags", "notest,grpcnotrace", f"-gcflags={GC_FLAGS}", "-o", str(target),
        "-ldflags", _link_flags(), ".",
    ]  # fmt: skip
    with log.open("wb") as output:
        compiler = subprocess.Popen(command, cwd=SOURCE, env=environment, stdout=output, stderr=output)
        _wait(compiler, log)


def _link_flags() -> str:
    base = "k8s.io/component-base/version"
    major, minor = version().lstrip("v").split(".")[:2]
    values = {
        f"{base}.gitVersion": version(),
        f"{base}.gitMajor": major,
        f"{base}.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": version(),
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])


def _wait(compiler: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while compiler.poll() is None:
        spent_s = time.monotonic() - started
        if spent_s > BUILD_TIMEOUT_S:
            compiler.kill()
        try:
            compiler.wait(PROGRESS_EVERY_S)
        except subprocess.TimeoutExpired:
            say(f"still building, {spent_s + PROGRESS_EVERY_S:.0f} s")
    if compiler.returncode != 0:
        tail = log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"Kubernetes did not build (exit {compiler.returncode}), see {log}: {tail}")
