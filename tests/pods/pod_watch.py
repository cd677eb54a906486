"""Pod watch: every pod that ever was in a namespace, as the API showed it last and as the kernel runs it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from simgate_airflow.place.pod_shape import KEYS_PATH

LOOK_EVERY_S = 0.2
STAGE_PROCESS = (b"-m\0simgate\0", b"\0--place\0pod")
"""What the command line of a stage's process in a pod holds."""


@dataclass(frozen=True)
class Rights:
    """What a stage's process may do, as its kernel says."""

    user_ids: frozenset[int]
    """Real, effective, saved, of files."""
    capabilities: int
    """All sets together: what it has and what it could get."""
    no_new_privileges: bool
    root_is_read_only: bool
    key_files: frozenset[str]
    """What lies in the role's folder, inside the pod."""


@dataclass
class PodWatch:
    """Runs beside a test: `with PodWatch(core, namespace) as watched: …`."""

    core: client.CoreV1Api
    namespace: str
    pods: dict[str, client.V1Pod] = field(default_factory=dict)
    """By uid; one that is gone stays."""
    rights: dict[str, Rights] = field(default_factory=dict)
    """By the pod's uid."""
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            # An API server that is slow to answer is asked again: a pod lives for seconds.
            with contextlib.suppress(ApiException, HTTPError):
                for pod in self.core.list_namespaced_pod(self.namespace).items:
                    self.pods[pod.metadata.uid] = pod
            self._look()

    def _look(self) -> None:
        missing = [uid for uid in self.pods if uid not in self.rights]
        for pid in _stage_processes() if missing else ():
            # A process that ends while one looks is gone; one that has nothing mounted yet is looked at again.
            with contextlib.suppress(OSError, KeyError, ValueError, StopIteration):
                cgroup = Path(f"/proc/{pid}/cgroup").read_text()
                for uid in missing:
                    if f"pod{uid}" in cgroup:
                        self.rights[uid] = _rights(pid)


def _stage_processes() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if all(mark in command for mark in STAGE_PROCESS):
                    yield int(entry.name)


def _rights(pid: int) -> Rights:
    process = Path(f"/proc/{pid}")
    said = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    mounts = [line.split() for line in (process / "mounts").read_text().splitlines()]
    root = next(options for _, where, _, options, *_ in mounts if where == "/")
    keys = (process / "root" / KEYS_PATH.lstrip("/")).iterdir()
    return Rights(
        frozenset(int(number) for number in said["Uid"].split()),
        int(said["CapEff"], 16) | int(said["CapPrm"], 16) | int(said["CapBnd"], 16) | int(said["CapInh"], 16),
        said["NoNewPrivs"] == "1",
        "ro" in root.split(","),
        # A mounted Secret is swapped as a whole by folders whose names begin so.
        frozenset(path.name for path in keys if not path.name.startswith("..")),
    )
