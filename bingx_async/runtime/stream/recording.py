"""Writing a recording while streams run.

Rules: lines are gathered and written in pieces of at most `PIECE` characters, or once they are `AGE` ms old when the
next one comes; a piece goes to the system's cache of the file, which takes microseconds. A file that cannot be written
any more ends the recording, with a warning; the streams go on. A file that exists is continued.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO

from bingx_async.core.channel import Push
from bingx_async.core.frames import Message
from bingx_async.core.recording import Frame, epoch_of, first_line, line_of
from bingx_async.errors import InvalidRequest, StreamUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.logs import warn
from bingx_async.runtime.stream.line import Tap

PIECE = 65_536
AGE = 1000.0


class Recorder:
    """Writes what the sockets of one client receive to a file. Raises `InvalidRequest` if there is a file that is no
    recording, or one that cannot be written."""

    def __init__(self, path: str | Path, clock: ServerClock) -> None:
        self._path, self._clock = Path(path), clock
        self._begun = self._written_at = 0.0
        self._sockets = count(1)
        self._lines: list[str] = []
        self._size = 0
        self._file: IO[str] | None = None
        _opened(self._path).close()

    def tap(self) -> Tap:
        """What a new line calls with each message, and with the error by which a socket ends."""
        number = next(self._sockets)
        if number == 1:
            self._begin()

        def heard(text: str, message: Message | StreamUnavailable | None, at: float) -> None:
            lost = str(message) if isinstance(message, StreamUnavailable) else ""
            is_public = type(message) is Push and "@" in message.topic  # SYMBOL@channel; an account's have none
            self._add(line_of(Frame(at - self._begun, number, text, lost), is_public), at)

        return heard

    def close(self) -> None:
        """Write what is left and close the file. Twice is harmless."""
        self._write()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._file = _opened(self._path)
        self._begun = self._written_at = self._clock.monotonic()
        self._gather(first_line(self._clock.now()))
        self._write()

    def _add(self, line: str, at: float) -> None:
        if self._file is not None:
            self._gather(line)
            if self._size >= PIECE or at - self._written_at >= AGE:
                self._written_at = at
                self._write()

    def _gather(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _write(self) -> None:
        lines, self._lines, self._size, file = self._lines, [], 0, self._file
        if file is None:
            return
        try:
            file.write("".join(lines))
            file.flush()
        except OSError as error:
            self._file = None
            with suppress(OSError):
                file.close()
            warn("the recording ends here, its file cannot be written any more: %s", error)


def _opened(path: Path) -> IO[str]:
    """The file, ready to be continued after its last whole line."""
    try:
        file = path.open("a+", encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise InvalidRequest(f"record={str(path)!r} cannot be written: {error.strerror}") from None
    try:
        _check(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _check(file: IO[str], path: Path) -> None:
    file.seek(0)
    head = file.readline(1000)
    if not head:
        return
    try:
        epoch_of(head, str(path))
    except InvalidRequest:
        raise InvalidRequest(f"record={str(path)!r} is another file; give the path of a new one") from None
    with path.open("rb") as tail:
        tail.seek(-1, 2)
        if tail.read() != b"\n":  # its last line broke off
            file.write("\n")
