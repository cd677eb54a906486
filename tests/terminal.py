"""Terminal: a program in a terminal of its own, as wide as a test wants, and the screen as a person sees it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

CTRL_C = b"\x03"
_CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
_CUT = re.compile(r"\x1b(\[[0-9;?]*)?$")


@dataclass
class Screen:
    """What a program wrote, its moves of the cursor carried out; lines that scrolled away are kept."""

    columns: int
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    wrapped: set[int] = field(default_factory=set)
    """Rows that go on in the next one, because the terminal was too narrow."""
    row: int = 0
    column: int = 0
    cut: str = ""
    """The beginning of a sequence whose end was not written yet."""

    def write(self, text: str) -> None:
        """Carry out plain text, CR, LF, cursor up, erase line; colours and the rest are passed over."""
        text = self.cut + text
        self.cut = found[0] if (found := _CUT.search(text)) else ""
        at, text = 0, text.removesuffix(self.cut)
        while at < len(text):
            control = _CONTROL.match(text, at)
            if control is not None:
                self._control(control[1], control[2])
                at = control.end()
                continue
            self._put(text[at])
            at += 1

    @property
    def lines(self) -> list[str]:
        """Rows as they stand, without what trails."""
        return ["".join(row).rstrip() for row in self.rows]

    @property
    def text(self) -> str:
        """As it was printed: what the terminal broke is one line again."""
        return "".join(line if row in self.wrapped else f"{line}\n" for row, line in enumerate(self.lines))

    def _control(self, numbers: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif letter == "K":
            self.rows[self.row] = [] if numbers == "2" else self.rows[self.row][: self.column]
            self.wrapped.discard(self.row)

    def _put(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self._next_row()
        elif sign >= " ":
            if self.column == self.columns:
                self.wrapped.add(self.row)
                self._next_row()
                self.column = 0
            line = self.rows[self.row]
            line.extend(" " * (self.column + 1 - len(line)))
            line[self.column] = sign
            self.column += 1

    def _next_row(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])


class Terminal:
    """Runs a command with the terminal as stdin, stdout, stderr and controlling terminal."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], columns: int = 100
    ) -> None:
        self.screen = Screen(columns)
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            command, cwd=cwd, env={**environment, "TERM": "xterm-256color"}, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_take_terminal,  # noqa: PLW1509
        )  # fmt: skip
        os.close(slave)

    def press(self, keys: bytes) -> None:
        """Type, with everything read before: Ctrl-C makes the terminal forget what nobody has read yet."""
        self._read(0.5)
        os.write(self._master, keys)

    def sees(self, pattern: str, within_s: float) -> re.Match[str]:
        """Wait until the screen shows something."""
        deadline = time.monotonic() + within_s
        while (found := re.search(pattern, self.screen.text)) is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._read(1.0)
                raise AssertionError(f"{pattern!r} is not on the screen:\n{self.screen.text}")
            self._read(0.2)
        return found

    def ends(self, within_s: float) -> int:
        """Wait until the command has ended; its exit code."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"not ended within {within_s} s:\n{self.screen.text}")
            self._read(0.2)
        self._read(0.5)
        return self.process.returncode

    def close(self) -> None:
        """End the command, if it runs, and give the terminal back."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self, within_s: float) -> None:
        """Take what the command wrote; whoever writes into a terminal that nobody reads stands still."""
        deadline = time.monotonic() + within_s
        while (left_s := deadline - time.monotonic()) > 0 and select.select([self._master], [], [], left_s)[0]:
            try:
                text = self._decoder.decode(os.read(self._master, 65_536))
            except OSError:
                return  # The command is gone, and everything that had the terminal open.
            self.raw += text
            self.screen.write(text)


def _take_terminal() -> None:
    """Make stdin the controlling terminal; tests that run in a shell's background inherit an ignored Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
