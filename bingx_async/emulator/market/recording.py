"""A recording of public streams, as a market that an emulator follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from bingx_async.core.options import number
from bingx_async.core.recording import Frame, frames_of
from bingx_async.errors import InvalidRequest


@frozen
class Recording:
    """The messages in the file of a recording, made by `BingXClient(record=path)`.

    `Emulator(market=Recording(path))` plays its prices and matches orders against them; its first moment is that of
    the emulator's first use. Prices older than `stale_after` seconds fill nothing. Raises `InvalidRequest` for a file
    that is no recording.
    """

    path: Path = field(converter=Path)
    stale_after: float = field(default=10.0, kw_only=True, validator=number(above=0, such_as=10.0))

    def __attrs_post_init__(self) -> None:
        next(self.frames(), None)  # a file that is no recording is refused here, not at the first request

    def frames(self) -> Iterator[Frame]:
        """Every message in its order, from the file."""
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                yield from frames_of(file, str(self.path))
        except OSError as error:
            raise InvalidRequest(f"the recording {str(self.path)!r} cannot be read: {error}") from None
