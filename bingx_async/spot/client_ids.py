"""Client order ids: made for every order that is placed, and told apart by the mark of the strategy that placed it.

    bx_<24>           without a strategy: 24 characters of 0-9 a-z, 9 of the time (ms) and 15 of chance
    bx_grid7_<24>     by the strategy grid7
    <40 digits>       of an OCO order, which takes digits only: 12 of the mark, 13 of the time (ms), 15 of chance

A name of a strategy holds no underscore, so no mark begins another one. The exchange may change letters to lower case:
a mark has none in upper case, and GRID and grid are one strategy. Chance comes from the operating system, so a process
that forks, restarts or seeds `random` repeats no id.
"""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable

from attrs import Factory, field, frozen

from bingx_async.core.options import shown
from bingx_async.errors import InvalidRequest

_NAME = re.compile(r"[A-Za-z0-9]{1,11}").fullmatch
_UNNAMED = re.compile(r"bx_[0-9a-z]{24}").fullmatch
_OCO = re.compile(r"[0-9]{40}").fullmatch
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_TIME, _CHANCE = 36**9, 36**15
_OCO_TIME, _OCO_CHANCE = 10**13, 10**15


def strategy_name(value: str | None) -> str | None:
    """A name in lower case, or None."""
    if value is None:
        return None
    if isinstance(value, str) and _NAME(value):
        return value.lower()
    raise InvalidRequest(f"strategy={shown(value)} must be 1 to 11 letters and digits, such as 'grid7'")


def _mark_of(strategy: str | None) -> str:
    return "bx_" if strategy is None else f"bx_{strategy}_"


def _digits_of(mark: str) -> str:
    """The mark in 12 digits, the first of which is no zero: a number would lose it."""
    return str(10**11 + int.from_bytes(hashlib.sha256(mark.encode()).digest()[:8]) % (9 * 10**11))


@frozen
class ClientIds:
    """Makes the ids of one strategy and knows them again. `draw` gives that many bytes of chance."""

    strategy: str | None = field(default=None, converter=strategy_name)
    draw: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    mark: str = field(init=False, default=Factory(lambda it: _mark_of(it.strategy), takes_self=True))
    """The beginning of every id of an order."""
    oco_mark: str = field(init=False, repr=False, default=Factory(lambda it: _digits_of(it.mark), takes_self=True))
    """The beginning of every id of an OCO order."""

    def of(self, strategy: str) -> ClientIds:
        """The ids of another strategy, from the same source of chance."""
        return ClientIds(strategy, self.draw)

    def new_order_id(self, now: float) -> str:
        """An id for an order placed `now` (epoch ms)."""
        number = int(now) % _TIME * _CHANCE + self._chance(_CHANCE)
        pairs = list[str]()
        for _ in range(12):
            number, pair = divmod(number, 1296)
            pairs.append(_PAIRS[pair])
        return self.mark + "".join(reversed(pairs))

    def new_oco_id(self, now: float) -> str:
        """An id for an OCO order, or for one leg of it."""
        return f"{self.oco_mark}{int(now) % _OCO_TIME:013}{self._chance(_OCO_CHANCE):015}"

    def is_mine(self, client_order_id: str) -> bool:
        """Whether the id carries this strategy's mark; without a strategy, whether it was made without one."""
        name = client_order_id.lower()
        if _OCO(name):
            return name.startswith(self.oco_mark)
        return bool(_UNNAMED(name)) if self.strategy is None else name.startswith(self.mark)

    def accept(self, client_order_id: str, name: str = "client_order_id") -> str:
        """An id of the caller's own; within a strategy it has to carry the mark."""
        if self.strategy is None or self.is_mine(client_order_id):
            return client_order_id
        raise InvalidRequest(
            f"{name}={shown(client_order_id)} lacks the mark of the strategy {self.strategy!r}: leave it out, or begin "
            f"it with {self.mark!r} (for an OCO order: 40 digits that begin with {self.oco_mark})"
        )

    def _chance(self, below: int) -> int:
        return int.from_bytes(self.draw(16)) % below
