"""Holder: the process that holds a cluster's namespaces; with it everything of the cluster lives and ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.servers.kubernetes import host
from tests.servers.kubernetes.base_image import base_images
from tests.servers.kubernetes.configuration import write_configuration
from tests.servers.kubernetes.debian import debian_root
from tests.servers.kubernetes.hyperkube import hyperkube
from tests.servers.kubernetes.places import Places, home
from tests.servers.oci import write_archive

INSIDE = Path(__file__).with_name("inside.py")
NAMESPACES = ("unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
GONE_WITHIN_S = 30.0


def start(places: Places, *, owned: bool) -> subprocess.Popen[bytes]:
    """Start a cluster's first process; an `owned` one ends when the pipe to it closes."""
    host.note_sysctls()
    host.make_cgroups(places.cgroup)
    write_configuration(places)
    with (places.state / "base.tar").open("wb") as archive:
        write_archive(base_images(), archive)
    (places.state / "places.json").write_text(json.dumps(places.document()))
    command = [*NAMESPACES, sys.executable, str(INSIDE), str(places.state), *(["--owned"] if owned else [])]
    with (places.state / "log" / "inside.log").open("ab") as log:
        held = subprocess.Popen(
            command, stdin=subprocess.PIPE if owned else subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    (places.state / "holder.pid").write_text(str(held.pid))
    # For a moment after exec a process has no command line, and that is what it is known by.
    wait_for(lambda: alive(places) or held.poll() is not None, GONE_WITHIN_S, "the holder of the namespaces to start")
    return held


def end(places: Places) -> None:
    """End a cluster and undo what it changed; a second time does nothing."""
    if alive(places):
        first = inside(places)
        os.kill(_pid(places), signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{first}").exists(), GONE_WITHIN_S, f"cluster {places.name} to end")
    host.remove_cgroups(places.cgroup)
    shutil.rmtree(places.state, ignore_errors=True)
    if not any(alive(other) for other in known()):
        host.restore_sysctls()


def alive(places: Places) -> bool:
    """Whether the holder runs."""
    try:
        return str(places.state).encode() in Path(f"/proc/{_pid(places)}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False


def inside(places: Places) -> int:
    """The first process in the namespaces, as this side numbers it."""
    return children(_pid(places))[0]


def children(pid: int) -> list[int]:
    """Child processes of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def known() -> Iterator[Places]:
    """Every cluster that has a folder, running or not."""
    for path in sorted(_folder().glob("*/places.json")):
        yield _read(path)


def places_of(name: str) -> Places:
    """Where the cluster of a name lies: a known one, or a new one on addresses that are free."""
    for places in known():
        if places.name == name:
            return places
    network = host.free_network({places.network for places in known()})
    return Places(_folder() / name, name, network, hyperkube(), debian_root())


def wait_for(what: Callable[[], bool], within_s: float, said: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not what():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {within_s:.0f} s for {said}")
        time.sleep(0.1)


def _pid(places: Places) -> int:
    return int((places.state / "holder.pid").read_text())


def _folder() -> Path:
    folder = home() / "clusters"
    folder.mkdir(exist_ok=True)
    return folder


def _read(path: Path) -> Places:
    given = json.loads(path.read_text())
    return Places(path.parent, given["name"], given["network"], Path(given["hyperkube"]), Path(given["debian"]))
