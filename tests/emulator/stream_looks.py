"""Looks at what is open about streams."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from websockets.frames import Opcode

from tests.emulator.calls import SYMBOL
from tests.emulator.looks import LOOKS, look
from tests.emulator.peer import Peer, key_of, trader
from tests.emulator.trading import LIMIT, STOP, Trading

ORDERS, BALANCES = "spot.executionReport", "ACCOUNT_UPDATE"
TRADES, INCREMENTS = f"{SYMBOL}@trade", f"{SYMBOL}@incrDepth"
OCO: dict[str, Any] = {
    "symbol": SYMBOL,
    "side": "SELL",
    "quantity": "1",
    "limitPrice": "63000",
    "triggerPrice": "58000",
    "orderPrice": "57900",
    "listClientOrderId": "7",
}


def event(trading: Trading, **params: Any) -> Any:
    """The order events and the balance events of an order that is placed."""
    peer = trader(trading)
    trading.place(**{**LIMIT, **params})
    return peer.take()


@look(json='{"ping":', text="Ping")
def ping(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.take(60_000)  # pings that were not answered would have ended it
    return None if peer.is_over else peer.pings[-1][:8]


@look(gzip=Opcode.BINARY, text=Opcode.TEXT)
def frames(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(TRADES)
    return peer.kinds.pop() if len(peer.kinds) == 1 else peer.kinds


@look(timestamp=["code", "id", "msg", "timestamp"], short=["id", "code", "msg"])
def ack_form(trading: Trading) -> Any:
    return list(Peer(trading).ask(TRADES)[0])


LOOKS["ack_form"][1]["data"] = ["id", "code", "msg", "dataType", "data"]


@look(by={"0": [0, 1], "100205": [100205, 1]})
def repeated_topic(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(TRADES)
    return [peer.ask(TRADES)[0]["code"], len(peer.data(1000, TRADES))]


@look(by={"100410": (1, False), "closed": (0, True)})
def too_many_messages(trading: Trading) -> Any:
    peer = Peer(trading)
    answers = [answer for _ in range(11) for answer in peer.ask(TRADES)]
    assert trading.emulator.stats().streams.breaches == 1
    return sum(answer["code"] == 100410 for answer in answers), getattr(peer.protocol.close_rcvd, "code", None) == 1001


@look(by={"all": [0, 0, 0, 0, 0, 80015], "20 and 100": [80015, 80015, 0, 80015, 0, 80015]})
def depth_sizes(trading: Trading) -> Any:
    peer = Peer(trading)
    return [peer.ask(f"{SYMBOL}@depth{size}")[0]["code"] for size in (5, 10, 20, 50, 100, 7)]


@look(consecutive={1}, gaps=set(range(1, 10)))
def depth_ids(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    ids = [data["lastUpdateId"] for data in peer.data(300_000, INCREMENTS) if data["action"] == "update"]
    return {after - before for before, after in pairwise(ids)}


@look(objects=dict, arrays=list)
def depth_levels(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(INCREMENTS)
    kinds = {type(data[side]) for data in peer.data(3000, INCREMENTS) for side in ("bids", "asks")}
    return kinds.pop() if len(kinds) == 1 else kinds


@look(object=dict, list=list)
def data_form(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(TRADES)
    return type(peer.data(1000, TRADES)[0])


@look(present=f"{SYMBOL}@ticker", absent=None)
def ticker_topic(trading: Trading) -> Any:
    peer = Peer(trading)
    peer.ask(f"{SYMBOL}@ticker")
    return peer.take(1000)[0].get("dataType")


@look(same=1, new=2)
def repeated_listen_key(trading: Trading) -> Any:
    return len({key_of(trading), key_of(trading)})


@look(silence=([], None), event=(["listenKeyExpired"], None), closed=([], 1001))
def listen_key_end(trading: Trading) -> Any:
    peer = trader(trading)
    trading.emulator.expire_listen_keys("1001")
    trading.place(**LIMIT)
    heard = [each["e"] for each in peer.take(10_000)]
    return heard, getattr(peer.protocol.close_rcvd, "code", None)


@look(by={"100403": (101, [100403], 1001), "401": (401, [], None), "silence": (101, [], None)})
def unknown_listen_key(trading: Trading) -> Any:
    peer = Peer(trading, "0" * 64)
    return peer.status, [each["code"] for each in peer.take(1)], getattr(peer.protocol.close_rcvd, "code", None)


@look(split=[1, 1], both=[2, 2])
def shared_listen_key(trading: Trading) -> Any:
    peers = [Peer(trading, key) for key in [key_of(trading)] * 2]
    for peer in peers:
        peer.ask(ORDERS)
    for _ in range(2):
        trading.place(**LIMIT)
    return [len(peer.take()) for peer in peers]


@look(free="70000", total="100000")
def wallet_balance(trading: Trading) -> Any:
    variants = trading.emulator.settings.variants
    *_, balance = event(Trading({"USDT": "100000"}, variants=variants))
    return format(Decimal(balance["a"]["B"][0]["wb"]).normalize(), "f")


@look(present="30000.0", absent=None)
def locked_in_events(trading: Trading) -> Any:
    return event(trading)[-1]["a"]["B"][0].get("lk")


@look(none=[], INIT=["INIT"])
def initial_balances(trading: Trading) -> Any:
    peer = Peer(trading, listen_key=True)
    return [each["a"]["m"] for each in peer.ask(BALANCES) if each.get("e") == BALANCES]


@look(C="mine-7", absent=None)
def event_client_id(trading: Trading) -> Any:
    return event(trading, newClientOrderId="mine-7")[0]["data"].get("C")


@look(same=0, other=10**12)
def event_trade_id(trading: Trading) -> Any:
    told = event(trading, type="MARKET", side="SELL", quantity="0.1")
    (fill,) = trading.emulator.fills("1001")
    return next(each["data"]["t"] for each in told if each.get("data", {}).get("x") == "TRADE") - fill.fill_id


@look(number=(int, Decimal), text=(str, str))
def event_numbers(trading: Trading) -> Any:
    data = event(trading)[0]["data"]
    return type(data["i"]), type(data["q"])


@look(CANCELED=["NEW", "CANCELED"], EXPIRED=["NEW", "EXPIRED"])
def ended_by_exchange(trading: Trading) -> Any:
    trading.emulator.set_price(SYMBOL, "61250")
    return [each["data"]["x"] for each in event(trading, price="50000", timeInForce="IOC") if "data" in each]


@look(none=[], all=[("NEW", "NEW"), ("NEW", "PENDING"), ("TRADE", "PARTIALLY_FILLED"), ("TRADE", "FILLED")])
def conditional_events(trading: Trading) -> Any:
    trading.emulator.set_price(SYMBOL, "61250")
    peer = trader(trading)
    trading.place(**{**STOP, "price": "58000"})
    trading.emulator.set_price(SYMBOL, "59000")
    return list(dict.fromkeys((each["data"]["x"], each["data"]["X"]) for each in peer.take() if "data" in each))


@look(none=[], all=[("NEW", "PENDING"), ("NEW", "NEW"), ("CANCELED", "CANCELED"), ("TRADE", "FILLED")])
def oco_events(trading: Trading) -> Any:
    trading.emulator.set_price(SYMBOL, "61250")
    peer = trader(trading)
    trading.data("place_oco_order", **OCO)
    trading.emulator.set_price(SYMBOL, "63100")
    return [(each["data"]["x"], each["data"]["X"]) for each in peer.take() if "data" in each]
