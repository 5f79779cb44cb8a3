"""The enums, and how a model's fields name what the exchange sends: the names stand on the field that they fill.

The exchange adds members to its string enums without notice, so an unknown value is kept as it came.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, Self

import attrs

__all__ = ["AccountType", "CancelRestriction", "OcoOrderType", "OpenEnum", "OrderStatus", "OrderType", "Permission"]
__all__ += ["Priority", "Side", "SwitchStatus", "TimeInForce"]

WIRE = "wire"  # the key of a field's metadata
RAW = "raw"  # the name of the field that keeps the reply's own mapping


def wire(*names: str | int, default: Any = None, **more: Any) -> Any:
    """A field filled from the first of `names` that the reply has; an int is the place in a list.

    A field without any default (`default=attrs.NOTHING`) is required: an item of a list that lacks it is left out.
    """
    return attrs.field(default=default, metadata={WIRE: names}, **more)


def text(*names: str | int) -> Any:
    """A text; empty where the reply has none."""
    return wire(*names, default="")


def raw() -> Any:
    """The reply's own mapping, with every field that the model does not name."""
    return attrs.field(factory=dict[str, Any], repr=False, eq=False)


class OpenEnum(StrEnum):
    """A string enum that accepts a value it does not know: the member equals the text that came."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return (type(self), (self.value,))  # Python 3.11.0 to 3.11.3 would pickle the name, which is no member

    @property
    def is_known(self) -> bool:
        """Whether this library knows the value."""
        return self in type(self).__members__.values()


class OrderStatus(OpenEnum):
    """The state of an order or of an OCO leg. The exchange may also send an empty string, or a state that is not known
    here: such an order is neither open nor final, and has to be asked for again."""

    NEW = "NEW"
    PENDING = "PENDING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    WORKING = "WORKING"
    RUNNING = "RUNNING"
    EXPIRED = "EXPIRED"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.CANCELED if value == "CANCELLED" else super()._missing_(value)  # both spellings have been seen

    @property
    def is_open(self) -> bool:
        """Whether the order can still be filled."""
        return self in _OPEN

    @property
    def is_final(self) -> bool:
        """Whether the order is done; a cancelled one may have been filled in part."""
        return self in _FINAL


_OPEN = frozenset(map(OrderStatus, ("NEW", "PENDING", "PARTIALLY_FILLED", "WORKING", "RUNNING")))
_FINAL = frozenset(map(OrderStatus, ("FILLED", "CANCELED", "FAILED", "EXPIRED")))


class OrderType(OpenEnum):
    """Limit, market, and the conditional types."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    TAKE_STOP_LIMIT = "TAKE_STOP_LIMIT"
    TAKE_STOP_MARKET = "TAKE_STOP_MARKET"
    TRIGGER_LIMIT = "TRIGGER_LIMIT"
    TRIGGER_MARKET = "TRIGGER_MARKET"


class OcoOrderType(OpenEnum):
    """The limit order and the stop-limit order of an OCO order."""

    LIMIT = "ocoLimit"
    STOP_LIMIT = "ocoTps"


class Side(OpenEnum):
    """BUY or SELL."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(OpenEnum):
    """How long a limit order stays: until cancelled; fill what can be and cancel the rest; all at once or nothing; only
    if it rests in the book."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class SwitchStatus(OpenEnum):
    """The state of a dead man's switch."""

    ACTIVATED = "ACTIVATED"
    CLOSED = "CLOSED"
    FAILED = "FAILED"


class AccountType(OpenEnum):
    """The accounts of a user."""

    SPOT = "sopt"  # as the exchange spells it
    STANDARD_FUTURES = "stdFutures"
    COIN_FUTURES = "coinMPerp"
    USDT_FUTURES = "USDTMPerp"
    COPY_TRADING = "copyTrading"
    GRID = "grid"
    EARN = "eran"  # as the exchange spells it
    C2C = "c2c"


class Permission(OpenEnum):
    """The rights of an API key; the exchange sends their numbers."""

    SPOT = "1"
    READ = "2"
    FUTURES = "3"
    TRANSFER = "4"
    WITHDRAW = "5"
    SUB_ACCOUNT_TRANSFER = "7"


class CancelRestriction(StrEnum):
    """Cancel an order only while it has this status."""

    NEW = "NEW"
    PENDING = "PENDING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"


class Priority(IntEnum):
    """The order of calls that queue for the same bucket: the lower number goes first."""

    KILL_SWITCH = 0
    CANCEL = 1
    PLACE = 2
    READ = 3
