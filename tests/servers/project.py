"""Project: docker-compose.yml run without an engine: each service's own command, user, variables, volumes and checks.

All services share one network namespace, in which every service's name is the loopback; from outside it nothing of
them can be reached. Images are put together from the Containerfile's own lines (`compose_images.py`). Needs root.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.servers import compose
from tests.servers.compose_images import picture_of
from tests.servers.service import Service

ROOT = Path(__file__).parents[2]
CLONE_NEWNET = 0x40000000
T = TypeVar("T")


def why_not() -> str:
    """Why namespaces cannot be made here, or an empty text."""
    if os.geteuid() != 0:
        return f"containers' namespaces need root, and this is user {os.geteuid()}"
    mount = "mount -t tmpfs none /mnt && mount -t proc proc /proc"
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", mount]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except OSError as error:
        return f"no containers' namespaces here: {error}"
    return f"no containers' namespaces here: {done.stderr.strip()}" if done.returncode else ""


@dataclass
class Project:
    """A running docker-compose.yml."""

    folder: Path
    services: dict[str, Service] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    keeper: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        variables = compose.variables_of(self.folder / ".env")
        document = compose.read(ROOT / "docker-compose.yml", variables)
        self.volumes = document["volumes"]
        for name, asked in document["services"].items():
            self.services[name] = Service(name, asked, picture_of(asked["image"]), log=self.folder / f"{name}.log")

    def up(self, within_s: float) -> None:
        """Start everything in the order that depends_on asks for; returns when all is healthy or has ended well."""
        self._keep()
        self.timings.clear()
        began = time.monotonic()
        deadline = began + within_s
        done: set[str] = set()
        waiting = set(self.services)
        while len(done) < len(self.services):
            for name in sorted(waiting):
                if all(needed in done for needed in self.services[name].asked.get("depends_on", {})):
                    self._start(self.services[name])
                    waiting.discard(name)
            for name in sorted(self.services.keys() - waiting - done):
                if self._settled(self.services[name]):
                    done.add(name)
                    self.timings[name] = round(time.monotonic() - began, 1)
            if time.monotonic() > deadline:
                raise AssertionError(f"not up after {within_s} s: {self._unsettled(done)}")
            time.sleep(0.3)

    def down(self) -> list[str]:
        """Stop everything, what others need last, and the namespaces; who had to be killed."""
        late: list[str] = []
        left = set(self.services)
        while left:
            needed = {name for user in left for name in self.services[user].asked.get("depends_on", {})}
            late += self._stop(sorted(left - needed))
            left &= needed
        if self.keeper is not None:
            self.keeper.kill()
            self.keeper.wait()
        return late

    def _stop(self, names: list[str]) -> list[str]:
        for name in names:
            self.services[name].ask_to_end()
        return [name for name in names if not self.services[name].end()]

    def kill(self, name: str) -> None:
        """End all processes of a service at once."""
        self.services[name].end()

    def start(self, name: str, within_s: float) -> None:
        """Start a service that was killed; returns when it is healthy."""
        self._start(self.services[name])
        deadline = time.monotonic() + within_s
        while not self._settled(self.services[name]):
            assert time.monotonic() < deadline, f"{name} not up after {within_s} s: {self.services[name].tail()}"
            time.sleep(0.5)

    def run(self, name: str, *command: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Another command in a service's container, as `docker compose run` would."""
        process = self._box(self.services[name], list(command), subprocess.PIPE)
        out, _ = process.communicate(timeout=timeout_s)
        return subprocess.CompletedProcess(command, process.returncode, out.decode(errors="replace"), "")

    def inside(self, ask: Callable[[], T]) -> T:
        """What a function finds when its sockets are those of the project's network."""
        found: list[T] = []
        failed: list[BaseException] = []

        def visit() -> None:
            try:
                self._enter_network()
                found.append(ask())
            except BaseException as error:  # handed to whoever asked
                failed.append(error)

        thread = threading.Thread(target=visit)  # a namespace belongs to a thread
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    def _enter_network(self) -> None:
        assert self.keeper is not None
        descriptor = os.open(f"/proc/{self._first()}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)

    def _keep(self) -> None:
        hosts = self.folder / "hosts"
        hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *self.services)))
        hosts.chmod(0o644)
        # Dies with the tests, and everything with it.
        guard = ["setpriv", "--pdeathsig", "KILL"]
        words = [*guard, "unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "sleep", "infinity"]
        self.keeper = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._first():
            if time.monotonic() > deadline or self.keeper.poll() is not None:
                raise RuntimeError("no namespaces")
            time.sleep(0.02)

    def _first(self) -> str:
        """The process that holds the namespaces."""
        assert self.keeper is not None
        children = Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children")
        first = children.read_text().split()[:1] if children.exists() else []
        return first[0] if first and Path(f"/proc/{first[0]}/comm").read_text().strip() == "sleep" else ""

    def _start(self, service: Service) -> None:
        command = [*service.picture.entrypoint, *service.asked["command"]]
        with service.log.open("ab") as log:
            service.process = self._box(service, command, log)

    def _box(self, service: Service, command: list[str], output: Any) -> subprocess.Popen[bytes]:
        enter = ["nsenter", f"--target={self._first()}", "--net", "--pid", "--", "unshare", "--mount"]
        process = subprocess.Popen(
            [*enter, sys.executable, "-m", "tests.servers.box"], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._description(service, command)).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def _description(self, service: Service, command: list[str]) -> dict[str, Any]:
        uid, gid = service.uid
        root = self.folder / "roots" / service.name
        root.mkdir(parents=True, exist_ok=True)
        volumes = [self._volume(*mount, uid) for mount in compose.mounts(service.asked)]
        hosts = {"source": str(self.folder / "hosts"), "target": "/etc/hosts", "read_only": True}
        return {
            "root": str(root), "uid": uid, "gid": gid, "folder": service.picture.folder, "command": command,
            "environment": {**service.picture.environment, **compose.environment(service.asked)},
            "links": service.picture.links,
            "folders": service.picture.folders, "read_only": service.asked["read_only"],
            "binds": [*service.picture.binds, hosts, *volumes],
            "tmpfs": compose.scratch(service.asked),
        }  # fmt: skip

    def _volume(self, name: str, subpath: str, target: str, read_only: bool, uid: int) -> dict[str, Any]:
        if name not in self.volumes:
            raise compose.Refused(f"no volume {name}")
        folder = self.folder / "volumes" / name
        if not folder.exists():
            # A new volume takes over the owner of the image's folder; both are the service's own.
            folder.mkdir(parents=True)
            os.chown(folder, uid, uid)
        if subpath and not (folder / subpath).is_dir():
            raise compose.Refused(f"volume {name} has no {subpath}")
        return {"source": str(folder / subpath), "target": target, "read_only": read_only}

    def _settled(self, service: Service) -> bool:
        assert service.process is not None
        code = service.process.poll()
        if code or (code == 0 and not service.once):
            raise AssertionError(f"{service.name} ended by itself with {code}:\n{service.tail()}")
        if service.once:
            return code == 0
        return service.is_due() and self.healthy(service.name)

    def healthy(self, name: str) -> bool:
        """What the service's own health check says now; one that says nothing in time is a no."""
        check = self.services[name].asked["healthcheck"]
        word, *command = check["test"]
        assert word == "CMD"
        try:
            return self.run(name, *command, timeout_s=30).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _unsettled(self, done: set[str]) -> str:
        return "\n".join(f"{name}:\n{self.services[name].tail()}" for name in self.services if name not in done)
