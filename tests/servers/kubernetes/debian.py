"""Debian: etcd, containerd, runc and busybox, unpacked into the cache; nothing is installed, no service is set up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.servers.cache import built_once, say
from tests.servers.kubernetes.places import home

PACKAGES = ("etcd-server", "containerd", "runc", "busybox-static")
TIMEOUT_S = 300.0


def debian_root() -> Path:
    """A folder in which the packages lie as they would lie under `/`."""
    return built_once(home() / "debian", _unpack, what="Debian packages of a cluster")


def _unpack(root: Path) -> None:
    say(f"fetching {', '.join(PACKAGES)} by apt")
    shutil.rmtree(root, ignore_errors=True)
    downloads = root / "packages"
    downloads.mkdir(parents=True)
    # Other lists of the machine may not answer: what counts is whether the download works.
    subprocess.run(["apt-get", "-qq", "update"], capture_output=True, timeout=TIMEOUT_S)
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
    done = subprocess.run(command, cwd=downloads, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"apt-get download failed: {done.stderr[-2000:]}")
    for package in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True, timeout=TIMEOUT_S)
    shutil.rmtree(downloads)
    shutil.rmtree(root / "usr" / "share")
