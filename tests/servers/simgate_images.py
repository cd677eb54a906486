"""Images of simgate for the cluster of the tests, made of this environment without docker.

Layers: Python with the machine's libraries; the packages, one layer for each set of slices that share them; simgate,
from its wheel. An edit of simgate makes the last one again, in a second. The tag `cpu-test` and the labels say what
these are: what only a GPU would load is left out (packages.LEFT_OUT), and no base image is under them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import certifi

from tests.servers.cache import cache_folder
from tests.servers.kubernetes.debian import debian_root
from tests.servers.oci import Entry, Image, Layer
from tests.servers.packages import (
    ROOT,
    SITE_PACKAGES,
    compiled,
    fingerprint,
    locked,
    package_entries,
    required,
    shared_objects,
)
from tests.servers.shared_libraries import needed_by

EXTRAS = ("light", "sim", "torch", "agent")
RENDERING = ("sim", "torch")
"""Those whose stages drive a simulator."""
USER = "10001:10001"
TAG = "cpu-test"
LEFT_OUT = "triton, CUDA libraries that torch is not linked to, headers: nothing that a CPU run loads"
STANDARD_LIBRARY_LEFT_OUT = ("test", "site-packages", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3")
WARP_CACHE = "opt/simgate/warp"
BUILD_TIMEOUT_S = 300.0
KERNELS_TIMEOUT_S = 600.0
KERNELS = ("images/kernels.py", "examples/demo/scenes/home/home.usda")
"""The program that compiles them, and what it renders for it."""


def probe_image() -> Image:
    """The smallest image in which the probe stage runs: of `light`, what simgate imports, and of the rest the names."""
    light, needed = locked("light"), required("simgate") & locked("light")
    layers = (
        _python_layer(needed),
        _packed(f"probe-{fingerprint(light)}", lambda: _probe_entries(light, needed)),
        simgate_layer(),
    )
    return _image("probe", layers, {"org.simgate.test": "the packages of light that the probe does not load are names"})


def stage_images() -> dict[str, Image]:
    """An image for each extra; they share layers."""
    everything = frozenset().union(*(locked(extra) for extra in EXTRAS))
    python, kernels = _python_layer(everything), _kernel_layer()
    shared = {owners: _package_layer(owners, names) for owners, names in _by_owners().items()}
    images = {}
    for extra in EXTRAS:
        mine = [layer for owners, layer in shared.items() if extra in owners]
        layers = (python, *mine, *((kernels,) if extra in RENDERING else ()), simgate_layer())
        images[extra] = _image(extra, layers, {"org.simgate.test": f"left out: {LEFT_OUT}"})
    return images


@cache
def simgate_layer() -> Layer:
    """simgate itself, from its wheel."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [Path(sys.executable).with_name("uv"), "build", "--quiet", "--wheel", "--out-dir", folder, ROOT],
            check=True, capture_output=True, timeout=BUILD_TIMEOUT_S,
        )  # fmt: skip
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            files = {name: wheel.read(name) for name in sorted(wheel.namelist())}
    return Layer.streamed(lambda: _wheel_entries(files))


def _image(name: str, layers: tuple[Layer, ...], labels: dict[str, str]) -> Image:
    return Image(
        repository=f"localhost/simgate-{name}",
        layers=layers,
        tags=(TAG,),
        entrypoint=("python", "-m", "simgate"),
        user=USER,
        environment={
            "HOME": "/tmp",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "WARP_CACHE_PATH": f"/{WARP_CACHE}",
        },
        labels={"org.opencontainers.image.title": f"simgate {name} ({TAG})", **labels},
    )


def _packed(name: str, entries: Callable[[], Iterable[Entry]]) -> Layer:
    folder = cache_folder() / "oci"
    folder.mkdir(exist_ok=True)
    return Layer.packed(folder / f"{name}.tar.zst", entries)


def _by_owners() -> dict[frozenset[str], list[str]]:
    """Packages by the set of extras that have them, in the order of layers.

    The node shares what two images begin with, so what `sim` has comes first: all of it is in `torch` too.
    """
    found: dict[frozenset[str], list[str]] = {}
    for name in sorted(frozenset().union(*(locked(extra) for extra in EXTRAS))):
        found.setdefault(frozenset(extra for extra in EXTRAS if name in locked(extra)), []).append(name)
    return dict(sorted(found.items(), key=lambda item: ("sim" not in item[0], -len(item[0]), sorted(item[0]))))


def _package_layer(owners: frozenset[str], names: list[str]) -> Layer:
    return _packed(f"{'-'.join(sorted(owners))}-{fingerprint(names)}", lambda: package_entries(names))


def _probe_entries(light: frozenset[str], needed: frozenset[str]) -> Iterator[Entry]:
    yield from package_entries(needed)
    yield from package_entries(light - needed, metadata_only=True)


def _python_layer(packages: frozenset[str]) -> Layer:
    packed = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return _packed(f"python-{fingerprint(packages)}-{packed}", lambda: _python_entries(packages))


def _python_entries(packages: Iterable[str]) -> Iterator[Entry]:
    """Python under /usr/local, every system library that it and the packages are linked to, a shell."""
    yield from _file_system()
    base = Path(sys.base_prefix)
    library = base / "lib" / "python3.11"
    for source in sorted(library.rglob("*")):
        path = source.relative_to(library)
        if source.is_file() and not _is_left_out(path):
            yield Entry(f"usr/local/lib/python3.11/{path}", source=source, mode=0o644)
            if source.suffix == ".py":
                yield from compiled(f"usr/local/lib/python3.11/{path}", source.read_bytes())
    program = base / "bin" / "python3.11"
    yield Entry("usr/local/bin/python3.11", source=program)
    for name in ("python3", "python"):
        yield Entry(f"usr/local/bin/{name}", link="python3.11")
    native = [program, *(library / "lib-dynload").glob("*.so"), *shared_objects(packages)]
    yield from _system_libraries(needed_by(native))


def _is_left_out(path: Path) -> bool:
    return (
        path.parts[0] in STANDARD_LIBRARY_LEFT_OUT or path.parts[0].startswith("config-") or "__pycache__" in path.parts
    )


def _file_system() -> Iterator[Entry]:
    for folder in ("dev", "proc", "run", "sys", "usr", "usr/bin", "usr/lib", "usr/lib64", "etc", "var"):
        yield Entry(folder)
    for name in ("bin", "lib", "lib64"):
        yield Entry(name, link=f"usr/{name}")
    yield Entry("tmp", mode=0o1777)
    # The S3 client loads the machine's authorities before it knows that the store is reached without TLS.
    yield Entry("etc/ssl/certs/ca-certificates.crt", source=Path(certifi.where()), mode=0o644)
    yield Entry("etc/passwd", data=b"root:x:0:0::/:/bin/sh\nsimgate:x:10001:10001::/tmp:/bin/sh\n", mode=0o644)
    yield Entry("etc/group", data=b"root:x:0:\nsimgate:x:10001:\n", mode=0o644)
    yield Entry("usr/bin/busybox", source=debian_root() / "bin" / "busybox")
    yield Entry("usr/bin/sh", link="busybox")


def _system_libraries(found: Iterable[Path]) -> Iterator[Entry]:
    """As the loader asks for them: by soname in its standard folder, its own file where programs name it."""
    sources = {path.name: path.resolve() for path in sorted(found) if not _is_packaged(path)}
    for name, source in sources.items():
        folder = "usr/lib64" if name.startswith("ld-linux") else "usr/lib/x86_64-linux-gnu"
        yield Entry(f"{folder}/{name}", source=source)


def _is_packaged(path: Path) -> bool:
    return "site-packages" in path.parts


@cache
def _kernel_layer() -> Layer:
    """Newton's compiled kernels, made as images/Containerfile makes them: a pod's root is read-only."""
    sources = sorted((ROOT / "tasks" / "simgate" / "sim").rglob("*.py"))
    parts = [path.read_bytes() for path in (ROOT / KERNELS[0], *sources)]
    parts += [metadata.version(name).encode() for name in ("newton", "warp-lang")]
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    return _packed(f"kernels-{name}", _kernel_entries)


def _kernel_entries() -> Iterator[Entry]:
    kernels = cache_folder() / "warp"  # where runs on this machine keep them too: seconds instead of a minute
    program, scene = (str(ROOT / path) for path in KERNELS)
    variables = {**os.environ, "WARP_CACHE_PATH": str(kernels)}
    subprocess.run(
        [sys.executable, program, scene], env=variables, check=True, capture_output=True, timeout=KERNELS_TIMEOUT_S
    )
    yield Entry(WARP_CACHE)
    for path in sorted(kernels.rglob("*")):
        if path.is_file():
            yield Entry(f"{WARP_CACHE}/{path.relative_to(kernels).as_posix()}", source=path, mode=0o644)


def _wheel_entries(files: dict[str, bytes]) -> Iterator[Entry]:
    for name, data in files.items():
        yield Entry(f"{SITE_PACKAGES}/{name}", data=data, mode=0o644)
        if name.endswith(".py"):
            yield from compiled(f"{SITE_PACKAGES}/{name}", data)
