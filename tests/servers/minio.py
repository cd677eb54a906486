"""A real MinIO for tests: built from its Go module, on loopback, with keys of its own; ended by pid.

`python -m tests.servers.minio prepare` builds it (about 6 minutes on 2 cores; afterwards it is in the cache).
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from simgate.core.storage.credentials import STORE_KEYS_NAME, StoreKeys
from simgate.core.storage.store import Store
from tests.servers.cache import built_once, cache_folder
from tests.servers.go import go_install

if TYPE_CHECKING:
    from minio import Minio

VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
MODULE = f"github.com/minio/minio@{VERSION}"
BUCKET = "simgate"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


def binary() -> Path:
    """The server's program; built if it is not in the cache."""
    return built_once(cache_folder() / "bin" / f"minio-{VERSION}", _build, what="MinIO")


def _build(to: Path) -> None:
    go_install(MODULE, to)


@dataclass
class MinioServer:
    """One MinIO with a folder, a port and root keys of its own; it can be killed and started again."""

    folder: Path
    """Holds `data/`, `minio.log`, and `keys/store.json` (a role's folder with the root's keys)."""
    data: Path = field(init=False)
    port: int = field(init=False)
    keys: StoreKeys = field(init=False)
    process: subprocess.Popen[bytes] | None = field(init=False, default=None)
    settings: dict[str, str] = field(default_factory=dict)
    """Further MINIO_* variables."""
    max_file_bytes: int = 0
    """No file of the server may grow beyond it; 0: unbounded."""

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.keys = StoreKeys(
            access_key=f"root{secrets.token_hex(6)}", secret_key=SecretStr(secrets.token_hex(20)), endpoint=self.url
        )
        write_keys(self.keys, self.keys_folder)

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys_folder(self) -> Path:
        """What SIMGATE_ROLE_KEYS of a process may name: it is root then."""
        return self.folder / "keys"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "minio.log"

    def environment(self) -> dict[str, str]:
        """AWS_* for a process without a keys folder."""
        return {
            "AWS_ACCESS_KEY_ID": self.keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_key.get_secret_value(),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.keys.region,
        }

    def store(self, prefix: str = "", keys: StoreKeys | None = None, *, bucket: str = BUCKET) -> Store:
        """The bucket below a prefix, as root or as whoever's keys."""
        return Store(f"s3://{bucket}/{prefix}".rstrip("/"), keys or self.keys)

    def client(self) -> Minio:
        """The minio SDK as root."""
        from minio import Minio

        return Minio(
            f"127.0.0.1:{self.port}", self.keys.access_key, self.keys.secret_key.get_secret_value(),
            secure=False, region=self.keys.region,
        )  # fmt: skip

    def start(self) -> None:
        """Start it (again) on its port, and return when it answers."""
        # In its own session, so that a Ctrl-C of the tests leaves its end to the fixture; dies with the tests even so.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        if self.max_file_bytes:
            guard += ["prlimit", f"--fsize={self.max_file_bytes}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*guard, str(binary()), "server", "--address", f"127.0.0.1:{self.port}", str(self.data)],
                env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, umask=0o077,
            )  # fmt: skip
        self._await_ready()

    def kill(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order; by force if it does not listen."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "MINIO_ROOT_USER": self.keys.access_key,
            "MINIO_ROOT_PASSWORD": self.keys.secret_key.get_secret_value(),
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            **self.settings,
        }

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"MinIO did not start; its log {self.log} ends:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/minio/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def write_keys(keys: StoreKeys, folder: Path) -> Path:
    """A role's folder (mode 0700) with `store.json`; what SIMGATE_ROLE_KEYS may name."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {**keys.model_dump(mode="json"), "secret_key": keys.secret_key.get_secret_value()}
    (folder / STORE_KEYS_NAME).write_text(json.dumps(document), encoding="utf-8")
    (folder / STORE_KEYS_NAME).chmod(0o600)
    return folder


def free_port() -> int:
    """A loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(folder: Path, **settings: str) -> MinioServer:
    """A running server with the bucket `simgate`; another port is tried if somebody took the first."""
    for number in range(3):
        server = MinioServer(folder / f"minio-{number}", settings=settings)
        try:
            server.start()
        except RuntimeError:
            if number == 2:
                raise
            continue
        server.client().make_bucket(BUCKET)
        break
    return server


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    """A running MinIO that all tests share: work below a prefix of your own, or in a bucket of your own."""
    server = started(tmp_path_factory.mktemp("minio"))
    yield server
    server.stop()


@pytest.fixture
def own_minio(tmp_path: Path) -> Iterator[MinioServer]:
    """A MinIO of the test's own, to be killed and starved."""
    server = started(tmp_path / "minio")
    yield server
    server.stop()


if __name__ == "__main__":
    if sys.argv[1:] != ["prepare"]:
        sys.exit("usage: python -m tests.servers.minio prepare")
    print(binary())
