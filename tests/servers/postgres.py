"""PostgreSQL of the tests: Debian's, with a data folder, an unprivileged user, a port and a password of its own.

python -m tests.servers.postgres prepare     fetch it where it is not installed; nothing is installed, no service set up
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.postgres_programs import Programs, programs

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
UNPRIVILEGED = "nobody"
"""Who runs it where the tests run as root: PostgreSQL refuses root."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # The tests kill its clients, never the machine.
    "fsync": "off",
    "jit": "off",
}
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass
class Postgres:
    """A running server."""

    folder: Path
    port: int
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)
    programs: Programs

    def url(self, database: str) -> str:
        """Where SQLAlchemy finds a database; it holds the password."""
        return f"postgresql+psycopg2://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def ask(self, sql: str, database: str = "postgres") -> str:
        """What psql prints for a statement, without headings."""
        command = [
            self.programs.path("psql"), "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
            "-d", database, "-v", "ON_ERROR_STOP=1", "-c", sql,
        ]  # fmt: skip
        environment = {**self.programs.environment, "PGPASSWORD": self.password}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr[-1000:]}")
        return done.stdout.strip()

    def make_database(self, name: str) -> str:
        """An empty database; its URL."""
        self.ask(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def stop(self) -> None:
        """End it by its pid: clients are cut off, the data is written; after some patience it is killed."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block runs; afterwards its log alone is left if the block failed."""
    # Not under pytest's folder, nor under a home: the unprivileged user may enter neither.
    folder = Path(tempfile.mkdtemp(prefix="simgate-postgres-"))
    server: Postgres | None = None
    try:
        server = _start(folder)
        yield server
    except BaseException:
        print(f"postgres: its log is kept in {folder / 'postgres.log'}", file=sys.__stderr__)
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise
    else:
        server.stop()
        shutil.rmtree(folder)
    finally:
        if server is not None:
            server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests that need one; each makes a database of its own."""
    with running_postgres() as server:
        yield server


def _start(folder: Path) -> Postgres:
    found = programs(folder if os.getuid() == 0 else None)
    password = secrets.token_urlsafe(24)
    _own(folder)
    password_file = folder / "password"
    password_file.write_text(password)
    _own(password_file, 0o600)
    log = folder / "postgres.log"
    log.touch(0o600)
    _own(log, 0o600)
    made: list[str | Path] = [
        found.path("initdb"), "-D", folder / "data", "-U", "postgres", f"--pwfile={password_file}",
        "--auth=scram-sha-256", "--no-locale", "--encoding=UTF8", "--no-sync", *found.share,
    ]  # fmt: skip
    with log.open("ab") as out:
        subprocess.run(
            made, check=True, timeout=START_TIMEOUT_S, cwd=folder, env=found.environment, stdout=out, stderr=out,
            stdin=subprocess.DEVNULL, **_as_who(),
        )  # fmt: skip
        password_file.unlink()
        return _serve(found, folder, password, out.fileno())


def _serve(found: Programs, folder: Path, password: str, log: int) -> Postgres:
    port = _free_port()
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [found.path("postgres"), "-D", folder / "data", "-p", str(port), *settings], cwd=folder, env=found.environment,
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_tests,  # noqa: PLW1509
        **_as_who(),
    )  # fmt: skip
    server = Postgres(folder, port, password, process, found)
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            server.ask("SELECT 1")
            return server
        except RuntimeError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                server.stop()
                text = (folder / "postgres.log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"PostgreSQL did not start: {error}: {text}") from error
            time.sleep(0.1)


def _end_with_tests() -> None:
    # Tests that are killed end nothing: the kernel asks the server to shut down instead.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _as_who() -> dict[str, Any]:
    return {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}


def _own(path: Path, mode: int = 0o700) -> None:
    path.chmod(mode)
    if os.getuid() == 0:
        shutil.chown(path, UNPRIVILEGED)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if sys.argv[1:] != ["prepare"]:
        sys.exit("usage: python -m tests.servers.postgres prepare")
    with running_postgres() as prepared:
        print(prepared.ask("SHOW server_version"))
