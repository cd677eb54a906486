"""Workers against real processes: a good one serves; each way of failing is one error; nothing outlives its block."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simgate.core.errors import InputError, OutsideFault
from simgate.worker.fault import (
    Chatty,
    Closed,
    Crashed,
    Deaf,
    EndedEarly,
    Garbled,
    Hung,
    OtherProtocol,
    Oversized,
    SlowStart,
    WorkerFault,
)
from simgate.worker.message import Message
from simgate.worker.process import Launch, ProcessTransport
from simgate.worker.transport import Transport
from simgate.worker.worker import Patience, Worker, answers
from tests.unit.process_tree import descendants

PATIENCE = Patience(start_limit_s=20.0, answer_limit_s=1.0)
HEAD = """
import os, sys, time
from simgate.core.errors import InputError
from simgate.worker.channel import open_channel, serve
from simgate.worker.frame import framed
from simgate.worker.hello import hello
from simgate.worker.message import Message

fd = int(os.environ["SIMGATE_WORKER_FD"])
"""
THEIRS = """
from simgate.core.runtime.origin import Origin, remember

remember(Origin("simulator lamp", "lamp of simgate.simulators", "acme 2.0", "__main__"))
"""
SERVE = """
channel = open_channel(1 << 24)
def answer(message):
    {body}
    yield message
serve(channel, "echo", answer)
"""


def launch_of(program: str) -> Launch:
    return Launch("echo worker", (sys.executable, "-P", "-c", HEAD + program), 1 << 24, grace_s=0.2)


@contextmanager
def worker(program: str, patience: Patience = PATIENCE, **bounds: int) -> Iterator[Worker]:
    """A worker that runs `program`, which finds its channel's descriptor in `fd`."""
    launch = replace(launch_of(program), **bounds)  # type: ignore[arg-type]
    before = descendants(os.getpid())
    with closing(ProcessTransport(launch)) as transport:
        yield Worker(transport, "echo", patience)
    assert not descendants(os.getpid()) - before


def echo(body: str = "pass") -> str:
    return SERVE.format(body=body)


def heard(program: str, patience: Patience = PATIENCE, **bounds: int) -> list[Message]:
    with worker(program, patience, **bounds) as one:
        one.ask(Message("question"))
        return list(answers([one]))


def test_bodies_bytes_and_arrays_come_back_as_they_went() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "picture": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "none": np.zeros((0, 3), np.float32),
    }
    with worker(echo()) as one:
        one.ask(Message("question", {"speed_m_s": 0.5}, {"weights": b"\x00\xff" * 400_000}, arrays))
        (found,) = answers([one])
    assert (found.kind, found.body, found.parts) == ("question", {"speed_m_s": 0.5}, {"weights": b"\x00\xff" * 400_000})
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


def test_several_workers_are_heard_as_they_answer_and_asked_again() -> None:
    with worker(echo("time.sleep(0.3)")) as slow, worker_beside(echo()) as fast:
        for round_number in range(2):
            slow.ask(Message("slow", {"round": round_number}))
            fast.ask(Message("fast", {"round": round_number}))
            assert {message.kind for message in answers([slow, fast])} == {"slow", "fast"}


@contextmanager
def worker_beside(program: str) -> Iterator[Worker]:
    with closing(ProcessTransport(launch_of(program))) as transport:
        yield Worker(transport, "echo", PATIENCE)


@pytest.mark.parametrize(
    ("program", "fault", "words"),
    [
        ("os._exit(7)", Crashed, "exit code 7"),
        ("os.kill(os.getpid(), 9)", Crashed, "killed by signal 9"),
        ("raise ValueError('no scene')", Crashed, "exit code 1.*no scene"),
        ("os._exit(0)", EndedEarly, "exit code 0.*wrote nothing"),
        ("print('done', flush=True); os._exit(0)", EndedEarly, "last line of its log: done"),
        ("os.close(fd); time.sleep(60)", Closed, "closed its channel"),
        (echo("os._exit(7)"), Crashed, "exit code 7"),
        (echo("os._exit(0)"), EndedEarly, "exit code 0"),
        (echo("time.sleep(60)"), Hung, "did not answer in time, got more than 1 s"),
        (echo("os.kill(os.getpid(), 19)"), Hung, "did not answer in time"),
        (echo("os.write(fd, framed(b'hello, this is a log line'))"), Garbled, "no message"),
        (echo("os.write(fd, framed((2).to_bytes(4, 'big') + b'[]'))"), Garbled, "no JSON object"),
        (echo("os.write(fd, bytes(4))"), Garbled, "a frame of 0 bytes"),
        (echo("os.write(fd, b'hello, this is a log line')"), Oversized, r"a frame of \d+ bytes, at most"),
        (echo("return iter(())"), None, ""),
        (echo("raise InputError('field scene: no such scene')"), InputError, "^field scene: no such scene$"),
        (THEIRS + echo("raise ValueError('no current')"), OutsideFault,
         r"^simulator lamp of distribution acme 2\.0 .*ValueError\('no current'\) in __main__ line \d+; ask"),
        ("os.write(fd, framed(hello('device').to_bytes())); time.sleep(60)", OtherProtocol, "device.*expected.*echo"),
        (
            "os.write(fd, framed(Message('hello', {'protocol': 2, 'role': 'echo'}).to_bytes())); time.sleep(60)",
            OtherProtocol, "protocol 2, expected hello of echo, protocol 1; install",
        ),
        ("os.write(fd, framed(Message('answer').to_bytes())); time.sleep(60)", OtherProtocol, "answer of None"),
    ],
)  # fmt: skip
def test_each_way_of_failing_is_one_error_that_says_which(
    program: str, fault: type[Exception] | None, words: str
) -> None:
    if fault is None:
        assert heard(program) == []
        return
    with pytest.raises(fault, match=words) as caught:
        heard(program)
    assert type(caught.value) is fault


def test_a_slow_start_is_told_from_a_hang() -> None:
    with pytest.raises(SlowStart, match=r"not ready in time, got more than 0\.3 s"):
        heard("time.sleep(60)", Patience(start_limit_s=0.3, answer_limit_s=0.1))


def test_a_worker_that_says_more_than_it_was_asked_is_chatty() -> None:
    program = echo("os.write(fd, framed(Message('end').to_bytes())); os.write(fd, framed(Message('more').to_bytes()))")
    with worker(program) as one:
        one.ask(Message("question"))
        with pytest.raises(Chatty, match="nobody asked for, got"):
            hear_on(one)


def hear_on(one: Worker) -> None:
    for _ in range(20):
        one.hear(0.5)


def test_what_a_worker_prints_is_kept_in_its_log_and_is_no_answer() -> None:
    with worker(echo("print('a library says hello', flush=True); os.write(2, b'a warning\\n')")) as one:
        one.ask(Message("question"))
        assert [message.kind for message in answers([one])] == ["question"]
    assert one.transport.log == b"a library says hello\na warning\n"


def test_a_flood_of_log_lines_is_bounded_and_stops_nobody() -> None:
    with worker(echo("os.write(1, b'x' * 3_000_000)"), max_log_bytes=1000) as one:
        one.ask(Message("question"))
        assert [message.kind for message in answers([one])] == ["question"]
    assert one.transport.log == b"x" * 1000


def test_a_worker_that_no_longer_reads_is_deaf() -> None:
    program = "channel = open_channel(99); channel.send(hello('echo').to_bytes()); time.sleep(60)"
    with worker(program, max_backlog_bytes=1_000_000) as one:
        one.ask(Message("question", {}, {"weights": bytes(2_000_000)}))
        with pytest.raises(Deaf, match="no longer reads its input"):
            list(answers([one]))


def test_a_large_last_answer_of_a_worker_that_ends_at_once_arrives_whole() -> None:
    program = """
channel = open_channel(99)
channel.send(hello("echo").to_bytes())
channel.send(Message("answer", {}, {"all": bytes(3_000_000)}).to_bytes())
channel.send(Message("end").to_bytes())
os._exit(3)
"""
    (found,) = heard(program)
    assert len(found.part("all")) == 3_000_000


def test_a_child_of_the_workers_own_goes_with_it_and_holds_nothing_open() -> None:
    program = echo("os.fork() or time.sleep(60); os._exit(5)")
    begun_s = time.monotonic()
    with pytest.raises(Crashed, match="exit code 5"):
        heard(program)
    assert time.monotonic() - begun_s < 15


def test_a_worker_ends_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = HEAD + echo(f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    starter = f"""
from simgate.worker.message import Message
from simgate.worker.process import Launch, ProcessTransport
import sys, time
transport = ProcessTransport(Launch("worker", (sys.executable, "-P", "-c", {program!r}), 99))
transport.send(Message("question").to_bytes())
while True: transport.poll(1)
"""
    with subprocess.Popen([sys.executable, "-P", "-c", starter]) as process:
        wait_until(lambda: note.exists() and note.read_text() != "")
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{note.read_text()}").exists())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_worker_gets_the_environment_that_is_named_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with worker(echo("print(sorted(os.environ), flush=True)")) as one:
        one.ask(Message("question"))
        list(answers([one]))
    assert b"PATH" in one.transport.log
    assert b"AWS" not in one.transport.log


def test_a_process_of_this_machine_says_that_it_is_emulated() -> None:
    with worker(echo()) as one:
        transport: Transport = one.transport
        assert transport.emulated


def test_every_fault_can_be_caught_as_one_and_may_be_retried() -> None:
    faults = {Chatty, Closed, Crashed, Deaf, EndedEarly, Garbled, Hung, OtherProtocol, Oversized, SlowStart}
    assert all(issubclass(fault, WorkerFault) for fault in faults)
    assert {fault.exit_code for fault in faults} == {1}
