"""Orders as they travel: checked by the rules of their type, each with a client order id.

| type               | prices            | amount                                            |
|--------------------|-------------------|---------------------------------------------------|
| LIMIT              | price             | quantity or quote_quantity                        |
| TAKE_STOP_LIMIT,   | price, stop_price | quantity or quote_quantity                        |
| TRIGGER_LIMIT      |                   |                                                   |
| MARKET             |                   | quote_quantity where it buys, quantity where it   |
|                    |                   | sells                                             |
| TAKE_STOP_MARKET,  | stop_price        | as MARKET                                         |
| TRIGGER_MARKET     |                   |                                                   |

Only the limit types take a time in force. The exchange would not refuse both amounts, but ignore the second.
"""

# Not every caller is typed, so orders are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from bingx_async.core.options import kind_of, shown
from bingx_async.core.signing import Param
from bingx_async.core.wire import decimal
from bingx_async.errors import InvalidRequest
from bingx_async.models import NewOrder, Order, OrderType, Side, TimeInForce
from bingx_async.spot import arguments
from bingx_async.spot.client_ids import ClientIds

_PRICES: Mapping[str, tuple[str, ...]] = {
    "LIMIT": ("price",),
    "TAKE_STOP_LIMIT": ("price", "stop_price"),
    "TRIGGER_LIMIT": ("price", "stop_price"),
    "MARKET": (),
    "TAKE_STOP_MARKET": ("stop_price",),
    "TRIGGER_MARKET": ("stop_price",),
}
_WIRE = {"quantity": "quantity", "quote_quantity": "quoteOrderQty", "price": "price", "stop_price": "stopPrice"}


@frozen
class Draft:
    """An order that may be sent: as it was given, its id, and its parameters in the exchange's names."""

    order: NewOrder
    client_order_id: str
    params: Mapping[str, Param]

    def described(self, order: Order) -> Order:
        """The exchange's description of it, with what a reply may leave out and is known all the same."""
        if order.client_order_id and order.symbol:
            return order
        name, symbol = order.client_order_id or self.client_order_id, order.symbol or self.order.symbol
        return evolve(order, client_order_id=name, symbol=symbol)

    def is_like(self, order: Order) -> bool:
        """Whether nothing in the exchange's description of an order contradicts this one."""
        given = self.order
        texts = [(order.symbol, given.symbol), (order.side, given.side), (order.type, given.type)]
        numbers = [
            (order.original_quantity, given.quantity),
            (order.original_quote_quantity, given.quote_quantity),
            (order.price, given.price),
            (order.stop_price, given.stop_price),
        ]
        return all(str(told) == str(wanted) for told, wanted in texts if told) and all(
            told == decimal(wanted) for told, wanted in numbers if told and wanted
        )


def draft(order: NewOrder | Mapping[str, Any], ids: ClientIds, now: float) -> Draft:
    """The order, checked. Raises `InvalidRequest` with the words to write instead."""
    order = new_order(order)
    params: dict[str, Param] = {
        "symbol": arguments.symbol(order.symbol),
        "side": arguments.side(order.side),
        "type": _type_of(order),
    }
    _check_prices(order)
    _check_amounts(order)
    for name, wire_name in _WIRE.items():
        value = getattr(order, name)
        if value is not None:
            params[wire_name] = arguments.amount(value, name)
    if order.time_in_force is not None:
        params["timeInForce"] = _time_in_force(order)
    name = params["newClientOrderId"] = _client_order_id(order, ids, now)
    return Draft(order, name, params)


def new_order(order: NewOrder | Mapping[str, Any]) -> NewOrder:
    """A `NewOrder`, also from a mapping of its fields."""
    if isinstance(order, NewOrder):
        return order
    if not isinstance(order, Mapping):
        raise InvalidRequest(f"an order must be a NewOrder(symbol=..., side=..., type=..., ...), not {kind_of(order)}")
    try:
        return NewOrder(**order)
    except TypeError as error:
        raise InvalidRequest(f"{shown(dict(order))} is no NewOrder: {error}") from None


def _type_of(order: NewOrder) -> str:
    if isinstance(order.type, str) and order.type in _PRICES:
        return str(order.type)
    return arguments.member(order.type, OrderType, "type").value


def _check_prices(order: NewOrder) -> None:
    needed = _PRICES[order.type]
    for name in ("price", "stop_price"):
        value = getattr(order, name)
        if value is None and name in needed:
            raise InvalidRequest(f"a {order.type} order needs {name}: write {name}=Decimal('...')")
        if value is not None and name not in needed:
            fitting = ", ".join(each for each, names in _PRICES.items() if name in names)
            raise InvalidRequest(f"a {order.type} order takes no {name}: leave it out, or write a type of {fitting}")


def _check_amounts(order: NewOrder) -> None:
    base, _, quote = order.symbol.partition("-")
    if order.quantity is not None and order.quote_quantity is not None:
        raise InvalidRequest("give quantity or quote_quantity, not both: the exchange would ignore quote_quantity")
    wanted = {"quantity": f"quantity=Decimal('...') in {base}"}
    wanted["quote_quantity"] = f"quote_quantity=Decimal('...') in {quote}"
    if order.type.endswith("MARKET"):
        name, does = ("quote_quantity", "buys") if order.side == Side.BUY else ("quantity", "sells")
        if getattr(order, name) is None:
            raise InvalidRequest(f"a {order.type} order that {does} needs {name}: write {wanted[name]} instead")
    elif order.quantity is None and order.quote_quantity is None:
        raise InvalidRequest(f"a {order.type} order needs an amount: write {' or '.join(wanted.values())}")


def _time_in_force(order: NewOrder) -> str:
    if order.type.endswith("MARKET"):
        raise InvalidRequest(f"a {order.type} order takes no time_in_force: leave it out, or write a limit type")
    return arguments.member(order.time_in_force or "", TimeInForce, "time_in_force").value


def _client_order_id(order: NewOrder, ids: ClientIds, now: float) -> str:
    if order.client_order_id is None:
        return ids.new_order_id(now)
    return ids.accept(arguments.new_client_order_id(order.client_order_id))
