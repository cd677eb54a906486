"""A TCP proxy that misbehaves on demand: cuts at a byte, swallows answers, is slow, says 503. Loopback only."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from simgate.core.storage.credentials import StoreKeys

Direction = Literal["up", "down"]
"""`up`: from the client to the server."""
CHUNK_BYTES = 64 * 1024
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>please reduce your request rate</Message></Error>"
_ANSWER_503 = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: application/xml\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SLOW_DOWN), _SLOW_DOWN)
)


@dataclass
class Faults:
    """What goes wrong next; the counting ones use themselves up."""

    cut_after: dict[Direction, int] = field(default_factory=dict)
    """Bytes that still pass in a direction, over all connections, before one is cut."""
    swallowed_answers: int = 0
    """Answers of the server that end with their connection instead of reaching the client."""
    storm: int = 0
    """Requests that get a 503 instead of the server."""
    bytes_per_s: float = 0.0
    """Of each connection and direction; 0: unbounded."""
    delay_s: float = 0.0
    """Before each piece of data."""
    refuse: bool = False
    """New connections are closed at once."""


class Proxy:
    """Stands before `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self.faults = Faults()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self._passed: dict[Direction, int] = {"up": 0, "down": 0}
        threading.Thread(target=self._accept, daemon=True).start()

    def keys(self, keys: StoreKeys) -> StoreKeys:
        """The same account, by way of the proxy."""
        return keys.model_copy(update={"endpoint": f"http://127.0.0.1:{self.port}"})

    def set(self, **faults: object) -> None:
        """From now on these faults and no others; connections from before are closed."""
        with self._lock:
            self.faults = replace(Faults(), **faults)  # type: ignore[arg-type]
            self._passed = {"up": 0, "down": 0}
            idle = list(self._open)
        for end in idle:
            _reset(end)

    def passed(self, direction: Direction) -> int:
        """Bytes that went through since the faults were set."""
        return self._passed[direction]

    def close(self) -> None:
        """Stop listening and drop everybody."""
        self._listener.close()
        self.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            storming, refusing = self.faults.storm > 0, self.faults.refuse
            self.faults.storm -= storming
        if refusing:
            _reset(client)
        elif storming:
            _answer_503(client)
        else:
            self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        up = threading.Thread(target=self._pump, args=(client, server, "up"), daemon=True)
        up.start()
        self._pump(server, client, "down")
        up.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._wait(len(data))
                allowed, cut = self._judge(len(data), direction)
                sink.sendall(data[:allowed])
                if cut:
                    self.cuts += 1
                    _reset(source)
                    _reset(sink)
                    return
        # The other direction ends with this one: HTTP has no use for half-closed connections.
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _judge(self, size: int, direction: Direction) -> tuple[int, bool]:
        """How many of these bytes pass, and whether the connection is cut behind them."""
        with self._lock:
            if direction == "down" and self.faults.swallowed_answers > 0:
                self.faults.swallowed_answers -= 1
                return 0, True
            self._passed[direction] += size
            left = self.faults.cut_after.get(direction)
            if left is None:
                return size, False
            if left > size:
                self.faults.cut_after[direction] = left - size
                return size, False
            del self.faults.cut_after[direction]
            return left, True

    def _wait(self, size: int) -> None:
        faults = self.faults
        if faults.delay_s or faults.bytes_per_s:
            time.sleep(faults.delay_s + (size / faults.bytes_per_s if faults.bytes_per_s else 0.0))


def _answer_503(client: socket.socket) -> None:
    """Read the whole request, so that the answer is read and not lost in a reset; then refuse it."""
    with contextlib.suppress(OSError), client:
        client.settimeout(10)
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := client.recv(CHUNK_BYTES)):
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        left = _content_length(head) - len(body)
        while left > 0 and (piece := client.recv(CHUNK_BYTES)):
            left -= len(piece)
        client.sendall(_ANSWER_503)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _reset(end: socket.socket) -> None:
    """Close with a RST, as a dying machine or a firewall does."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()


@contextlib.contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    """A proxy for a while."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
