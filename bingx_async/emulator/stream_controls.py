"""The controls of the streams: what a test does to sockets and listen keys, and what it reads off.

The streams are made when they are first needed: only they need `websockets`.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bingx_async.emulator.faults import FaultPlan
from bingx_async.emulator.market_controls import MarketControls, listed
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import StreamStats
from bingx_async.emulator.streams.faults import CutKind, StreamFault

if TYPE_CHECKING:
    from bingx_async.emulator.streams.increments import PublishedBook
    from bingx_async.emulator.streams.streams import Streams

NEEDED = 'the emulator\'s streams need websockets: pip install "bingx_async[emulator]"'


class StreamControls(MarketControls):
    """An exchange with a clock, a lock and streams around it."""

    def __init__(self, settings: EmulatorSettings) -> None:
        super().__init__(settings)
        self._stream_faults = FaultPlan[StreamFault](Random(settings.seed + 2))
        self._streams: Streams | None = None

    def drop_streams(self, kind: CutKind = "clean", account: str | int | None = None) -> int:
        """End the sockets that are open: with a close frame ("clean"), by a reset, or so that nothing comes any more
        ("silent"). Those of an account's listen keys, or all; how many there were."""
        with self._lock:
            return self._streams.drop(kind, _uid(account)) if self._streams is not None else 0

    def expire_listen_keys(self, account: str | int | None = None) -> int:
        """End the listen keys of an account, or all, before their time; how many were valid."""
        return self._open_streams().expire(_uid(account))

    def order_book(self, symbol: str) -> PublishedBook:
        """The order book of a symbol as its stream of incremental depth told it last, under the id of that message; as
        it is now if it was never told. Raises `InvalidRequest`."""
        listed(self._exchange.floor, symbol)
        return self._open_streams().book(symbol)

    def _open_streams(self) -> Streams:
        """The streams, made at the first call."""
        with self._lock:
            if self._streams is None:
                try:
                    from bingx_async.emulator.streams.streams import Streams
                except ModuleNotFoundError as error:
                    raise ModuleNotFoundError(NEEDED, name=error.name) from error
                floor = self._exchange.floor
                self._streams = Streams(floor, self.settings, self._stream_faults, self._lock, self._server_now)
            return self._streams

    def _shift(self, span: float) -> None:
        super()._shift(span)
        if self._streams is not None:
            self._streams.shift(span)

    def _server_now(self) -> float:
        return self.settings.clock() + self.clock_offset_ms

    def _stream_stats(self) -> StreamStats:
        return StreamStats() if self._streams is None else self._streams.stats()


def _uid(account: str | int | None) -> str | None:
    return None if account is None else str(account)
