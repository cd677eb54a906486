"""Compose images: what each service's image would hold, from this machine, by the Containerfile's own lines."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers import containerfile, minio
from tests.servers.cache import cache_folder
from tests.servers.postgres_programs import programs

ROOT = Path(__file__).parents[2]
VENV = Path(sys.prefix).resolve()
POSTGRES = "docker.io/library/postgres:"
PEOPLE = {"root": 0, "simgate": 10001, "postgres": 999}
TIMEOUT_S = 120


@dataclass
class Picture:
    """An image, as far as a process can tell."""

    entrypoint: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    folder: str = "/"
    folders: list[str] = field(default_factory=list)
    """Made for the user who runs."""
    binds: list[dict[str, Any]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    stop_signal: signal.Signals = signal.SIGTERM


def picture_of(image: str) -> Picture:
    """The image of that name."""
    return _postgres() if image.startswith(POSTGRES) else _ours(image.rpartition("/")[2].partition(":")[0])


@cache
def _stages() -> dict[str, containerfile.Stage]:
    return containerfile.read(ROOT / "images" / "Containerfile")


def _ours(name: str) -> Picture:
    stage = _stages()[name]
    binds = [*_interpreter(), *(bind for copy in stage.copies for bind in _copied(copy)), *_own_code()]
    folders = [word for run in stage.runs if run[0] == "install" for word in run if word.startswith("/")]
    links = [("/usr/local/bin/python", str(Path(sys.base_prefix, "bin", "python3")))]
    return Picture(stage.entrypoint, dict(stage.environment), stage.user, stage.folder, folders, binds, links)


def _copied(copy: containerfile.Copy) -> list[dict[str, Any]]:
    if copy.stage:
        return [_bind(_built(copy), copy.target)]
    if copy.sources[0].startswith("sbom/"):
        return []  # made by `make images`, read by nobody
    many = len(copy.sources) > 1
    return [_bind(ROOT / name, copy.target + Path(name).name if many else copy.target) for name in copy.sources]


def _built(copy: containerfile.Copy) -> Path:
    """What a stage of the build would leave, from this machine."""
    if copy.target == "/opt/simgate/venv":
        return VENV
    if copy.target == "/opt/simgate/warp":
        kernels = cache_folder() / "warp"
        kernels.mkdir(exist_ok=True)
        return kernels
    if copy.target == "/usr/local/bin/minio":
        return minio.binary()
    raise ValueError(f"the tests do not know what {copy.stage} makes at {copy.target}")


def _interpreter() -> list[dict[str, Any]]:
    """The virtual environment's scripts name the interpreter, and simgate's code, by where they lie here."""
    places = [VENV, Path(sys.base_prefix), ROOT / "tasks", ROOT / "plugins", ROOT / "locks"]
    return [*(_bind(place, str(place)) for place in places), *_accounts()]


def _own_code() -> list[dict[str, Any]]:
    """The environment may be another checkout's: the file that says where simgate's code lies says that it is here."""
    here = _written("pth", f"{ROOT / 'tasks'}\n{ROOT / 'plugins'}\n")
    found = VENV.glob("lib/python3.*/site-packages/*simgate.pth")
    places = [path.relative_to(VENV) for path in found]
    return [_bind(here, f"{venv}/{place}") for venv in (VENV, "/opt/simgate/venv") for place in places]


def _accounts() -> list[dict[str, Any]]:
    lines = (f"{name}:x:{uid}:{uid}::/tmp:/usr/sbin/nologin\n" for name, uid in PEOPLE.items())
    return [_bind(_written("passwd", "".join(lines)), "/etc/passwd")]


def _written(kind: str, text: str) -> Path:
    """A small file of the tests' own, named by its content: another run may read it now."""
    path = cache_folder() / "compose" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.{kind}"
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text)
    partial.chmod(0o644)
    return partial.replace(path)


def _postgres() -> Picture:
    """The official image: its entrypoint makes the database on the first start."""
    found = programs(None)
    own = [] if found.root == Path("/") else [_bind(found.root, str(found.root))]
    entrypoint = Path(__file__).with_name("postgres_entrypoint.sh")
    return Picture(
        ["sh", "/usr/local/bin/docker-entrypoint.sh"],
        {**found.environment, "PATH": f"{found.binaries}:/usr/bin:/bin", "SHARE": " ".join(found.share)},
        "0:0", "/", ["/var/lib/postgresql/data"],
        [*own, *_accounts(), _bind(entrypoint, "/usr/local/bin/docker-entrypoint.sh")],
        stop_signal=signal.SIGINT,
    )  # fmt: skip


def _bind(source: Path, target: str) -> dict[str, Any]:
    _readable(source)
    return {"source": str(source), "target": target, "read_only": True}


@cache
def _readable(source: Path) -> None:
    """In an image everybody reads everything; a checkout that was made under `umask 077` is let be read likewise."""
    closed = ["(", "-type", "d", "-not", "-perm", "-005", "-o", "-type", "f", "-not", "-perm", "-004", ")"]
    words = ["find", "-H", str(source), *closed, "-exec", "chmod", "a+rX", "{}", "+"]
    subprocess.run(words, check=True, capture_output=True, timeout=TIMEOUT_S)
