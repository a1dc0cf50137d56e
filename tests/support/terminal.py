"""Run a command on a terminal of its own, and read what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.crawls import environment
from tests.support.folders import ROOT

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
"""What hides the cursor, and what shows it."""


@dataclass
class Shown:
    """Hold what a process that ended wrote to its terminal."""

    status: int
    raw: str

    @property
    def text(self) -> str:
        """Return all that was ever written, without what steers the terminal."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.raw).replace("\r", "")

    def left(self, width: int) -> list[str]:
        """Return the lines that stand on the terminal in the end, as far as rich's few ways to steer it go."""
        lines, row, column = [""], 0, 0
        for sequence, sign in re.findall(r"(\x1b\[[\d;?]*[A-Za-z])|([\s\S])", self.raw):
            if sequence.endswith("A"):
                row -= int(sequence[2:-1] or 1)
            elif sequence == "\x1b[2K":
                lines[row] = ""
            elif sign == "\r":
                column = 0
            elif sign == "\n" or (sign and column == width):
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            if sign and sign not in "\r\n":
                lines[row] = lines[row][:column].ljust(column) + sign + lines[row][column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


def on_terminal(
    line: list[str],
    output: Path,
    act: Callable[[subprocess.Popen[bytes], str], None] = lambda process, shown: None,
    width: int = 80,
    **variables: str,
) -> Shown:
    """Run a command line on a terminal to its end; *act* gets the process and all that was shown, at each piece."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    ours = environment(output) | {"TERM": "xterm"} | variables
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        if name not in variables:
            ours.pop(name, None)
    with subprocess.Popen(line, cwd=ROOT, env=ours, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65536)
            except OSError:  # the terminal's other end is closed
                break
            act(process, shown.decode(errors="replace"))
    os.close(leader)
    return Shown(process.returncode, shown.decode())
