"""Channel: a worker's own end. Standard library alone, so that any Python can be a worker's interpreter."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

from simgate.core.errors import InputError, OutsideFault
from simgate.core.runtime.origin import their_trace, told_as_theirs
from simgate.worker.frame import Unframer, framed
from simgate.worker.hello import hello
from simgate.worker.message import Message

DESCRIPTOR = "SIMGATE_WORKER_FD"
"""Environment variable that names the inherited descriptor."""
REFUSED = "refused"
"""Kind of the message that says that the caller's input is wrong, whichever process finds it."""
THEIRS = "theirs"
"""Kind of the message that says that other people's code failed, and whose."""
END = "end"
"""Kind of the message that ends the answers to one message; without it, the worker died."""
_CHUNK_BYTES = 1 << 20


class Channel:
    """Frames to and from the process that started this one."""

    def __init__(self, descriptor: int, max_frame_bytes: int) -> None:
        os.set_inheritable(descriptor, False)
        self._socket = socket.socket(fileno=descriptor)
        self._unframer = Unframer(max_frame_bytes)

    def send(self, payload: bytes) -> None:
        """Send one frame; waits until the channel takes it."""
        self._socket.sendall(framed(payload))

    def receive(self) -> Iterator[bytes]:
        """Give the payloads as they come, until the other end has no more."""
        while data := self._socket.recv(_CHUNK_BYTES):
            yield from self._unframer.feed(data)


def open_channel(max_frame_bytes: int) -> Channel:
    """Open the inherited descriptor, once a process; from here on the process ends when the other end is gone."""
    descriptor = os.environ.pop(DESCRIPTOR, "")
    if not descriptor.isdecimal():
        raise InputError(
            "this process was not started as a worker", actual=f"{DESCRIPTOR}={descriptor}", expected="a descriptor"
        )
    threading.Thread(target=_end_with_the_other, args=(int(descriptor),), daemon=True).start()
    return Channel(int(descriptor), max_frame_bytes)


def serve(channel: Channel, role: str, answer: Callable[[Message], Iterable[Message]]) -> None:
    """Say hello, answer each message with `answer`'s messages and `end`; an InputError becomes the answer `refused`, an
    error of other people's code the answer `theirs`."""
    channel.send(hello(role).to_bytes())
    for payload in channel.receive():
        try:
            with told_as_theirs():
                for message in answer(Message.from_bytes(payload)):
                    channel.send(message.to_bytes())
            channel.send(Message(END).to_bytes())
        except InputError as error:
            channel.send(Message(REFUSED, {"why": str(error)}).to_bytes())
        except OutsideFault as error:
            print(their_trace(error.__cause__ or error), file=sys.stderr)
            channel.send(Message(THEIRS, {"why": str(error)}).to_bytes())


def _end_with_the_other(descriptor: int) -> None:
    """End this process and its group once the other end is closed both ways: its process died."""
    watched = select.poll()
    watched.register(descriptor, 0)
    while not any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in watched.poll()):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
