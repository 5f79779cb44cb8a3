"""Events of an account as the exchange writes them.

Rules: fees are negative where they were paid. A balance event lists the assets that changed, with what there is of them
now; its `wb` is what is free, or the total by a variant.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bingx_async.emulator.endpoints.desk import plain
from bingx_async.emulator.streams.topics import BALANCES
from bingx_async.emulator.trading.orders import ZERO, Fill, Order
from bingx_async.emulator.variants import Variants

OTHER_ID = 10**12  # by this much an event's trade id differs from that of REST, by a variant


def order_event(kind: str, order: Order, fill: Fill | None, time: int, variants: Variants) -> dict[str, Any]:
    """The data of a `spot.executionReport`."""
    kind = variants.ended_by_exchange if kind == "EXPIRED" else kind
    form = {
        "e": "executionReport",
        "E": time,
        "s": order.symbol,
        "S": order.side,
        "o": order.type,
        "q": Decimal(order.quantity),
        "p": Decimal(order.price),
        "Q": Decimal(order.quote_quantity),
        "x": kind,
        "X": variants.cancelled if order.status == "CANCELED" else order.status,
        "i": order.order_id,
        "C": order.client_order_id,
        "O": order.placed_at,
        "z": order.executed,
        "Z": order.spent,
        **_of_fill(fill, variants),
    }
    if variants.event_client_id == "absent":
        del form["C"]
    return _as_text(form) if variants.event_numbers == "text" else form


def _of_fill(fill: Fill | None, variants: Variants) -> dict[str, Any]:
    if fill is None:
        return {"l": ZERO, "L": ZERO, "Y": ZERO, "n": ZERO, "N": "", "m": False, "T": 0, "t": -1}
    number = fill.fill_id + (OTHER_ID if variants.event_trade_id == "other" else 0)
    amounts = {"l": fill.quantity, "L": fill.price, "Y": fill.value, "n": -fill.fee, "N": fill.order.fee_asset}
    return {**amounts, "m": fill.is_maker, "T": fill.time, "t": number}


def _as_text(form: dict[str, Any]) -> dict[str, Any]:
    """The event with amounts and the order id as texts."""
    return {
        name: plain(value) if isinstance(value, Decimal) else str(value) if name == "i" else value
        for name, value in form.items()
    }


Amounts = tuple[Decimal, Decimal]  # free, locked
Change = tuple[str, Amounts, Amounts]  # asset, before, now


def balance_event(reason: str, changes: Iterable[Change], time: int, variants: Variants) -> dict[str, Any]:
    """An `ACCOUNT_UPDATE`, which has no envelope."""
    rows = [_balance(change, variants) for change in changes]
    return {"e": BALANCES, "E": time, "T": time, "a": {"m": reason, "B": rows}}


def _balance(change: Change, variants: Variants) -> dict[str, str]:
    asset, *both = change
    before, now = (free if variants.wallet_balance == "free" else free + locked for free, locked in both)
    row = {"a": asset, "bc": plain(now - before), "cw": plain(now), "wb": plain(now), "lk": plain(change[2][1])}
    if variants.locked_in_events == "absent":
        del row["lk"]
    return row
