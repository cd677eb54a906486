"""Enclosure: a scene is opened in a child process of bounded memory and time: USD's reader can hang, crash, eat all."""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgate.core.errors import InputError, SimgateError

MEMORY_ENV = "SIMGATE_SCENE_MEMORY_GIB"
DEADLINE_ENV = "SIMGATE_SCENE_DEADLINE_S"
MEMORY_GIB = 4.0
DEADLINE_S = 60.0
DEADLINE_PER_GB_S = 30.0
THREADS = 4
"""Of USD: each thread's stack counts as memory, and a large machine has many."""
LEAST_BUSY_S = 1.0
STARVED = 0.25
"""A child that got less of a processor than this was not slow by itself."""

OUT_OF_MEMORY = 137
MAX_MESSAGE = 300

Tell = Callable[[str], None]
Task = Callable[[dict[str, Any], Tell], Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one child."""

    memory_bytes: int
    """Of its address space."""
    deadline_s: float

    @classmethod
    def of(cls, size_bytes: int) -> Bounds:
        """Return the bounds for files of this size in all; the environment may say others."""
        deadline_s = DEADLINE_S + DEADLINE_PER_GB_S * size_bytes / 1e9
        return cls(int(_above_zero(MEMORY_ENV, MEMORY_GIB) * 1024**3), _above_zero(DEADLINE_ENV, deadline_s))


def enclosed(task: Task, given: dict[str, Any], bounds: Bounds) -> Any:
    """Call a module's function in a child process and return its answer; both are JSON.

    The function tells what it opens, so that a child that has to be ended, or that ends itself, leaves a name. Its own
    errors arrive here as they were raised.
    """
    started_s = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = _start()
    try:
        request = {"module": task.__module__, "function": task.__name__, "given": given, "memory": bounds.memory_bytes}
        said, in_time = _converse(child, json.dumps(request).encode(), bounds.deadline_s)
    finally:
        child.kill()
        child.wait()
    busy_s = _busy_s(resource.getrusage(resource.RUSAGE_CHILDREN)) - _busy_s(started_s)
    lines = [json.loads(line) for line in said.split(b"\n") if line]
    last = lines[-1] if lines else {}
    if "done" in last:
        return last["done"]
    if "error" in last:
        raise _error(last)
    at = next((str(line["at"]) for line in reversed(lines) if "at" in line), "the scene")
    raise _late(at, bounds, busy_s) if not in_time else _ended(at, bounds, child.returncode)


def _late(at: str, bounds: Bounds, busy_s: float) -> SimgateError:
    actual = f"no end within {bounds.deadline_s:.0f} s"
    remedy = f"make it simpler or set {DEADLINE_ENV}"
    if busy_s < max(LEAST_BUSY_S, STARVED * bounds.deadline_s):
        # Not an InputError: a starved machine looks like this, and a retry tells them apart.
        return SimgateError(
            f"{at} hangs USD's reader", actual=f"{actual}, {busy_s:.1f} s of a processor", remedy=remedy
        )
    return InputError(f"{at} takes too long to open", actual=actual, remedy=remedy)


def _ended(at: str, bounds: Bounds, code: int) -> InputError:
    return InputError(
        f"{at} crashes USD's reader or needs more memory than it may",
        actual=f"exit code {code}",
        expected=f"at most {bounds.memory_bytes / 1024**3:g} GiB",
        remedy=f"export it again, make it simpler, or set {MEMORY_ENV}",
    )


def _error(line: dict[str, Any]) -> SimgateError:
    kind = InputError if line["input"] else SimgateError
    what, actual, expected, remedy = line["error"]
    return kind(what, actual=actual, expected=expected, remedy=remedy)


def _start() -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "PXR_WORK_THREAD_LIMIT": str(THREADS),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "simgate.scene.enclosure"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip


def _converse(child: subprocess.Popen[bytes], request: bytes, deadline_s: float) -> tuple[bytes, bool]:
    """Return all that the child wrote, and whether it came to its end in time."""
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the child was started without pipes")
    said, end_s = bytearray(), time.monotonic() + deadline_s
    with child.stdin as asked, child.stdout as answers:
        asked.write(request)
        asked.close()
        while select.select([answers], [], [], max(0.0, end_s - time.monotonic()))[0]:
            part = os.read(answers.fileno(), 1 << 16)
            if not part:
                child.wait()
                return bytes(said), True
            said += part
    return bytes(said), False


def _busy_s(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def _above_zero(name: str, default: float) -> float:
    said = os.environ.get(name, "")
    try:
        number = float(said) if said else default
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise InputError(f"setting {name}", actual=said, expected="a number above 0", remedy="mend or unset it")
    return number


def _serve() -> None:
    """Answer one request; what libraries print on stdout goes nowhere."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    room = request["memory"] if most == resource.RLIM_INFINITY else min(request["memory"], most)
    resource.setrlimit(resource.RLIMIT_AS, (room, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def say(**line: object) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    task: Task = getattr(importlib.import_module(request["module"]), request["function"])
    opened = ["the scene"]

    def tell(at: str) -> None:
        opened.append(at)
        say(at=at)

    try:
        say(done=task(request["given"], tell))
    except SimgateError as error:
        say(error=(error.what, error.actual, error.expected, error.remedy), input=isinstance(error, InputError))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except Exception as error:  # USD's bindings raise whatever they stumble over.
        say(error=(f"{opened[-1]} cannot be read", _stumble(error), "", "export it again"), input=True)


def _stumble(error: Exception) -> str:
    """Write an error of others in one line, with the place in the code: nobody sees its traceback."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:MAX_MESSAGE]
    return f"{type(error).__name__}: {text} ({Path(place.filename).name}:{place.lineno})"


if __name__ == "__main__":
    _serve()
