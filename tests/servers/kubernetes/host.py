"""Host: what a cluster changes outside its own folder (addresses, sysctls, cgroups), and how it is undone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.servers.kubernetes.places import home

CGROUPS = Path("/sys/fs/cgroup")
SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What a kubelet sets for the whole machine."""
NETWORKS = range(64, 126, 2)
"""A cluster has 127.N.0.1 (API server, etcd) and 127.N+1.0.1 (its node)."""
PROBE_TIMEOUT_S = 30.0
COMMANDS = ("unshare", "mount", "apt-get", "dpkg-deb")


def refusal() -> str:
    """Why this machine cannot run a cluster; empty where it can."""
    if os.geteuid() != 0:
        return f"a cluster needs root, this is uid {os.geteuid()}"
    for command in COMMANDS:
        if shutil.which(command) is None:
            return f"a cluster needs the command {command}"
    return _refused_cgroup() or _refused_namespace()


def _refused_cgroup() -> str:
    probe = CGROUPS / "memory" if (CGROUPS / "memory").is_dir() else CGROUPS
    probe = probe / f"simgate-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        return f"a cluster needs to make cgroups, {probe} cannot be made: {error.strerror}"
    return ""


def _refused_namespace() -> str:
    command = ["unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--mount-proc"]
    script = ["sh", "-c", "mount --make-rshared / && mount -t tmpfs tmpfs /run"]
    tried = subprocess.run([*command, *script], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    return f"a cluster needs mount and pid namespaces: {tried.stderr.strip()}" if tried.returncode else ""


def free_network(taken: set[int]) -> int:
    """The first network on whose addresses nothing listens and that no cluster has."""
    for number in NETWORKS:
        if number not in taken and _free(f"127.{number}.0.1", 443) and _free(f"127.{number + 1}.0.1", 10250):
            return number
    raise RuntimeError("no free network for a cluster: 31 of them run; python -m tests.servers.kubernetes down")


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def note_sysctls() -> None:
    """Remember what the first cluster found; a later one finds what a kubelet has set."""
    path = _noted()
    if not path.exists():
        path.write_text(json.dumps({name: _sysctl(name).read_text().strip() for name in SYSCTLS}))


def restore_sysctls() -> None:
    """Put them back, after the last cluster."""
    path = _noted()
    if path.exists():
        for name, value in json.loads(path.read_text()).items():
            _sysctl(name).write_text(value)
        path.unlink()


def _noted() -> Path:
    return home() / "sysctls.json"


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name


def make_cgroups(name: str) -> None:
    """The cgroup under which every pod of a cluster lies, in each hierarchy."""
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
    cpuset = CGROUPS / "cpuset"
    if (cpuset / name / "cpuset.cpus").exists():
        # Of cgroup v1: a new group has no CPUs and takes no process until it is told.
        for file in ("cpuset.cpus", "cpuset.mems"):
            (cpuset / name / file).write_text((cpuset / file).read_text())


def remove_cgroups(name: str, within_s: float = 20.0) -> None:
    """Remove them, once their last processes are gone."""
    deadline = time.monotonic() + within_s
    while left := [str(group) for group in cgroups(name) if not _remove(group)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"cgroups are left behind: {', '.join(left)}")
        time.sleep(0.1)


def cgroups(name: str) -> list[Path]:
    """Those that exist."""
    return [hierarchy / name for hierarchy in _hierarchies() if (hierarchy / name).is_dir()]


def _remove(group: Path) -> bool:
    for folder, _folders, _files in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True


def _hierarchies() -> list[Path]:
    if (CGROUPS / "cgroup.procs").exists():
        return [CGROUPS]  # cgroup v2 has one
    return [path for path in CGROUPS.iterdir() if not path.is_symlink() and (path / "cgroup.procs").exists()]
