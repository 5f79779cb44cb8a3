"""The rule book: the trading rules of symbols, read when they are needed and kept for minutes.

Rules are read again when they are old, when the exchange's answer says that they changed, and before an order is
refused by rules that are older than a few seconds: trading may just have begun. Old rules serve while new ones cannot
be read. Orders that need the same rules at the same time wait for one reading.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field, frozen

from bingx_async.core.options import shown
from bingx_async.errors import ApiError, BingXError, ClientClosed, InvalidRequest, RulesUnavailable
from bingx_async.models import SymbolRules

Read = Callable[[bool], Awaitable[SymbolRules]]  # told whether it may take its time: no rules can serve meanwhile

RECENT = 10_000.0  # ms; rules that were read so lately need not be read again
_CHANGED_CODES = {100490, 109418, 109425, 101402}
_CHANGED_TEXT = re.compile(r"not available|offline|minimum amount|volume too low|precision", re.IGNORECASE).search


def tells_of_change(code: int | None, message: str) -> bool:
    """Whether the exchange refused an order for rules that were not the ones known here."""
    return code in _CHANGED_CODES or bool(_CHANGED_TEXT(message))


@frozen
class Known:
    """Rules, when they were read, and when they are to be read again (epoch ms)."""

    rules: SymbolRules
    read_at: float
    read_again_at: float


@define(eq=False)
class Reading:
    """A reading under way; those who wait share its error."""

    is_over: anyio.Event = field(factory=anyio.Event)
    error: BingXError | None = None


class RuleBook:
    """The rules of every symbol that was asked for; `max_age` in seconds. `is_heeded`: whether orders are checked by
    them unless the call says otherwise. The clients made from one share theirs."""

    def __init__(self, max_age: float = 600.0, is_heeded: bool = True) -> None:
        if not isinstance(is_heeded, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequest(f"check_orders={shown(is_heeded)} must be True or False")
        self.is_heeded = is_heeded
        self._max_age = max_age * 1000.0
        self._known: dict[str, Known] = {}
        self._readings: dict[str, Reading] = {}

    def fresh(self, symbol: str, now: float, max_age: float | None = None) -> SymbolRules | None:
        """The rules, unless they have to be read again; with `max_age` (ms) unless they are older."""
        known = self._known.get(symbol)
        if known is None or not known.read_at <= now < known.read_again_at:
            return None
        return known.rules if max_age is None or now - known.read_at < max_age else None

    def notice(self, symbol: str, error: ApiError) -> None:
        """The exchange refused an order: perhaps the rules have changed."""
        if tells_of_change(error.code, error.message):
            self.expire(symbol)

    def expire(self, symbol: str) -> None:
        """The rules are to be read again before they are used again."""
        known = self._known.get(symbol)
        if known is not None:
            self._known[symbol] = Known(known.rules, known.read_at, known.read_at)

    async def get(self, symbol: str, now: Callable[[], float], read: Read, max_age: float | None = None) -> SymbolRules:
        """The rules, read with `read` if they have to be. Raises `RulesUnavailable` if there are none at all."""
        while True:
            rules = self.fresh(symbol, now(), max_age)
            if rules is not None:
                return rules
            reading = self._readings.get(symbol)
            if reading is None:
                return await self._read(symbol, now, read)
            await reading.is_over.wait()
            if reading.error is not None:
                return self._fallback(symbol, reading.error)

    async def _read(self, symbol: str, now: Callable[[], float], read: Read) -> SymbolRules:
        reading = self._readings[symbol] = Reading()
        try:
            rules = await read(symbol not in self._known)
        except ClientClosed:
            raise
        except BingXError as error:
            reading.error = error
            rules = self._fallback(symbol, error)
            self._known[symbol] = Known(rules, self._known[symbol].read_at, now() + RECENT)
        else:
            self._known[symbol] = Known(rules, now(), now() + self._max_age)
        finally:
            del self._readings[symbol]
            reading.is_over.set()
        return rules

    def _fallback(self, symbol: str, error: BingXError) -> SymbolRules:
        """The old rules."""
        known = self._known.get(symbol)
        if known is None:
            raise RulesUnavailable(symbol, str(error)) from error
        return known.rules
