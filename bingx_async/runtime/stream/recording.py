"""Writing a recording while streams run.

Rules: lines are gathered and written in pieces of at most `PIECE` bytes, or once they are `AGE` ms old when the next
one comes; a piece goes to the system's cache of the file, which takes microseconds. A file that cannot be written any
more ends the recording, with a warning; the streams go on. A file that exists is continued.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from bingx_async.core.recording import Frame, epoch_of, first_line, line_of
from bingx_async.errors import InvalidRequest
from bingx_async.runtime.logs import warn

PIECE = 65_536
AGE = 1000.0


class Recorder:
    """Writes the messages of the sockets of one client to a file.

    `now` is the exchange's clock, epoch ms, `monotonic` the machine's, ms. Raises `InvalidRequest` if there is a file
    that is no recording, or one that cannot be written."""

    def __init__(self, path: str | Path, now: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._now, self._monotonic = now, monotonic
        self._begun: float | None = None
        self._written_at = 0.0
        self._lines: list[str] = []
        self._size = 0
        self._file: IO[str] | None = _opened(Path(path))

    def take(self, socket: int, text: str) -> None:
        """A message came on this socket."""
        self._add(socket, text, "")

    def lost(self, socket: int, reason: str) -> None:
        """The connection of this socket was lost."""
        self._add(socket, "", reason or "lost")

    def close(self) -> None:
        """Write what is left and close the file. Twice is harmless."""
        self._write()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _add(self, socket: int, text: str, lost: str) -> None:
        if self._file is None:
            return
        at = self._monotonic()
        if self._begun is None:
            self._begun = self._written_at = at
            self._gather(first_line(self._now()))
            self._write()
        self._gather(line_of(Frame(at - self._begun, socket, text, lost)))
        if self._size >= PIECE or at - self._written_at >= AGE:
            self._written_at = at
            self._write()

    def _gather(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _write(self) -> None:
        lines, self._lines, self._size = self._lines, [], 0
        if self._file is None:
            return
        try:
            self._file.write("".join(lines))
            self._file.flush()
        except OSError as error:
            self._file = None
            warn("the recording ends here, its file cannot be written any more: %s", error)


def _opened(path: Path) -> IO[str]:
    """The file, ready to be continued after its last whole line."""
    try:
        file = path.open("a+", encoding="utf-8", newline="\n")
        file.seek(0)
        head = file.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"record={str(path)!r} cannot be written: {error}") from None
    if head:
        _check(file, head, path)
    return file


def _check(file: IO[str], head: str, path: Path) -> None:
    try:
        epoch_of(head, str(path))
    except InvalidRequest:
        file.close()
        raise InvalidRequest(f"record={str(path)!r} is another file; give the path of a new one") from None
    with path.open("rb") as tail:
        tail.seek(-1, 2)
        if tail.read() != b"\n":  # the last line broke off
            file.write("\n")
