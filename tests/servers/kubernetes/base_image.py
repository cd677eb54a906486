"""Base images: busybox for the pods of tests, and the pause container; made of Debian's static busybox."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.kubernetes.debian import debian_root
from tests.servers.oci import Entry, Image, Layer

BUSYBOX = "docker.io/library/busybox"
PAUSE = "localhost/pause"
TAG = "1.35"
PAUSE_SCRIPT = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"


def base_images() -> tuple[Image, Image]:
    """Busybox and pause; both in milliseconds."""
    root = Layer.streamed(_entries)
    return (
        Image(BUSYBOX, (root,), tags=(TAG,), command=("/bin/sh",)),
        Image(PAUSE, (root,), tags=(TAG,), entrypoint=("/bin/sh", "-c", PAUSE_SCRIPT)),
    )


def _entries() -> Iterator[Entry]:
    busybox = debian_root() / "bin" / "busybox"
    for folder in ("bin", "dev", "etc", "proc", "root", "run", "sys", "var"):
        yield Entry(folder)
    yield Entry("tmp", mode=0o1777)
    yield Entry("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\n", mode=0o644)
    yield Entry("etc/group", data=b"root:x:0:\n", mode=0o644)
    yield Entry("bin/busybox", source=busybox)
    for name in _applets(busybox):
        yield Entry(f"bin/{name}", link="busybox")


def _applets(busybox: Path) -> list[str]:
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True, timeout=30).stdout.split()
    return sorted(name for name in listed if name != "busybox")
