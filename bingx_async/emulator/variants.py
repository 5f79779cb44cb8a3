"""Facts of the exchange that are open, each as a choice: a client should work under all of them.

    Emulator(variants=Variants(missing_order="100400", post_only="failed", lookup_delay_ms=300))
    Emulator(variants=LIVE)

The defaults follow the exchange's pages; `LIVE` follows replies that were recorded in public.
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from bingx_async.core.options import one_of, whole


def _choice(*choices: str) -> Any:
    """A field that takes one of these; the first is the default."""
    return field(default=choices[0], validator=one_of(*choices), metadata={"choices": choices})


@frozen(kw_only=True)
class Variants:
    """The choices. Raises `InvalidRequest` for one that does not exist."""

    # Orders that are asked for or cancelled
    missing_order: str = _choice("100404", "100400", "100421", "80016", "109421")
    """The code for an order that does not exist."""
    closed_order: str = _choice("missing", "closed", "80018")
    """A cancel of an order that is done: as if it had never been, "already FILLED or CANCELLED" (100400), or 80018."""
    done_orders: str = _choice("stay", "vanish")
    """Whether a query by id still finds an order that is done. The history does in any case."""
    repeated_cancel: str = _choice("allowed", "refused")
    """Whether a second cancel of one id within a second is refused with "once per second"."""
    nothing_open: str = _choice("empty", "refused")
    """Cancelling all orders with none open: an empty list, or "no any pending order" (100400)."""
    cancel_all: str = _choice("orders", "orders and oco")
    """Whether cancelling all orders takes the OCO orders along."""
    lookup_delay_ms: int = field(default=0, validator=whole(at_least=0))
    """For so long after it was placed no query finds an order."""
    # Placing
    duplicate_client_id: str = _choice("in use", "once per second", "100205", "101209", "109201", "101481", "accepted")
    """The answer to a client id that was used before."""
    post_only: str = _choice("canceled", "failed", "101215")
    """The end of a post-only order that would take: a state, or a refusal."""
    fill_or_kill: str = _choice("canceled", "failed", "refused")
    """The end of an order that cannot be filled whole at once."""
    quote_precision: str = _choice("any", "8 places")
    """Whether an amount in the quote asset loses the digits after the eighth."""
    # Conditional orders
    conditional_lock: str = _choice("take stop", "none", "all")
    """Which conditional orders lock money before they are triggered: TAKE_STOP_* alone, none, or all."""
    conditional_side: str = _choice("crossing", "take profit", "stop loss")
    """The side from which TAKE_STOP_* is triggered: whichever the price comes from, or one by buying and selling."""
    triggered_id: str = _choice("kept", "new")
    """Whether an order that was triggered goes on under a new id, with the same client id."""
    # Batches and replacements
    batch_failure: str = _choice("fewer", "entries", "all refused")
    """Orders of a batch that are refused: left out of the reply, entries with an error, or the end of the batch."""
    unsafe_in_body: str = _choice("refused", "accepted")
    """Whether characters that need escaping pass in JSON and form bodies: the text of a batch, odd symbols."""
    replace_form: str = _choice("bool", "text")
    """The two results of a replacement: `result: true`, or "SUCCESS" under the newer names."""
    replace_failure: str = _choice("inside", "100500")
    """A replacement of which a half failed: code 0 with two results, or code 100500 with both in its text."""
    # The dead man's switch
    switch_takes: str = _choice("everything", "limit orders")
    """Whether conditional and OCO orders are cancelled by it too."""
    switch_time: str = _choice("seconds", "milliseconds")
    """The unit of its `triggerTime`."""
    # History
    history_order: str = _choice("newest first", "oldest first")
    """The order of order history."""
    history_span: str = _choice("any", "7 days")
    """The longest time between start and end; beyond it 100204."""
    fills_limit: str = _choice("500", "1000")
    """The most fills in one reply."""
    fills_from_id: str = _choice("inclusive", "exclusive")
    """Whether `fromId` itself is in the reply."""
    # OCO
    oco_query_id: str = _choice("orderListId", "orderId")
    """The name of the parameter of an OCO query; with the other one nothing is found."""
    oco_list_id: str = _choice("client", "exchange")
    """The `orderListId` in the reply to placing: the list's client id, or the exchange's, as in queries."""
    oco_form: str = _choice("list", "ocoOrders", "orders")
    """The reply to placing and queries: a list of legs, or an object that holds it."""
    # Market data
    market_family: str = _choice("both", "v1", "quote")
    """The family of market data paths that exists."""
    aggregated_symbol: str = _choice("both", "underscore", "hyphen")
    """The form of the symbol that the aggregated order book takes."""
    depth_order: str = _choice("worst first", "best first")
    """The order of the asks."""
    kline_start: str = _choice("inclusive", "exclusive")
    """Whether the candle that opens at `startTime` is in the reply."""
    historical_time_zone: str = _choice("ignored", "honoured")
    """Whether `timeZone` works for historical candles."""
    trades_from_id: str = _choice("older", "newer")
    """The direction in which `fromId` pages through historical trades."""
    trade_ms: str = _choice("maker", "milliseconds")
    """The meaning of `ms` in historical trades: 1 where the buyer is maker and 2 otherwise, or a time."""
    api_flags: str = _choice("present", "absent")
    """Whether the rules of a symbol say if it can be bought and sold by API."""
    # Streams: the connection
    ping: str = _choice("json", "text")
    """Pings on streams: `{"ping": ...}`, answered with the same value, or `Ping`, answered with `Pong`."""
    ping_ms: int = field(default=5000, validator=whole(at_least=1))
    """The time between two pings on a stream."""
    frames: str = _choice("gzip", "text")
    """Whether messages of streams are packed, or plain text."""
    topics_per_socket: int = field(default=200, validator=whole(at_least=1))
    """The most topics on one socket; one more is refused with 80403."""
    sockets: int = field(default=60, validator=whole(at_least=1))
    """The most sockets of one address; one more is refused with HTTP 403."""
    ack_form: str = _choice("timestamp", "short", "data")
    """The answer to a subscription: "SUCCESS" and a timestamp, neither, or empty `dataType` and `data` instead."""
    repeated_topic: str = _choice("0", "100205")
    """The code of the answer where a topic is subscribed again; it goes on in any case."""
    too_many_messages: str = _choice("100410", "closed")
    """Beyond 10 subscription messages in a second: they are refused, or the socket is closed."""
    # Streams: the market
    depth_sizes: str = _choice("all", "20 and 100")
    """Which sizes of depth there are: 5, 10, 20, 50 and 100, or two of them."""
    depth_ids: str = _choice("consecutive", "gaps")
    """Whether ids of incremental depth follow each other, or grow by 2 to 9 at times though nothing is missing."""
    depth_levels: str = _choice("objects", "arrays")
    """Levels of incremental depth: an object of prices with their quantities, or pairs."""
    data_form: str = _choice("object", "list")
    """The data of a message: an object, or a list that has it."""
    ticker_topic: str = _choice("present", "absent")
    """Whether tickers name their topic."""
    # Streams: the account
    repeated_listen_key: str = _choice("same", "new")
    """Asking for a listen key while there is one: the same is extended, or there is another."""
    listen_key_end: str = _choice("silence", "event", "closed")
    """After a listen key has ended: no more events, a `listenKeyExpired`, or the end of the connection."""
    unknown_listen_key: str = _choice("100403", "401", "silence")
    """A socket with a listen key that is not valid: this code and the end, HTTP 401, or a socket without events."""
    shared_listen_key: str = _choice("split", "both")
    """Two sockets with one listen key: each event goes to one of them, or to both."""
    wallet_balance: str = _choice("free", "total")
    """The meaning of `wb` in balance events."""
    locked_in_events: str = _choice("present", "absent")
    """Whether balance events have `lk`."""
    initial_balances: str = _choice("none", "INIT")
    """Whether a subscription of balances begins with all of them."""
    event_client_id: str = _choice("C", "absent")
    """The name of the client id in order events."""
    event_trade_id: str = _choice("same", "other")
    """Whether the trade ids of events are those of the fills in REST."""
    event_numbers: str = _choice("number", "text")
    """Numbers of order events: as numbers, or as texts, order ids too."""
    ended_by_exchange: str = _choice("CANCELED", "EXPIRED")
    """The kind of event where the exchange ends an order: IOC, FOK, post-only, a trigger without funds."""
    conditional_events: str = _choice("none", "all")
    """Whether conditional orders have events, also once they were triggered."""
    oco_events: str = _choice("none", "all")
    """Whether the legs of OCO orders have events."""
    # Forms
    numbers: str = _choice("documented", "mixed")
    """Numbers as documented, or as texts and numbers at random in each endpoint."""
    client_id_name: str = _choice("clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID", "absent")
    """The name of the client id in replies on orders."""
    cancelled: str = _choice("CANCELED", "CANCELLED")
    """The spelling of that state."""
    fund_form: str = _choice("balances", "assets")
    """The name of the list of fund balances."""
    overview_form: str = _choice("result", "list")
    """Whether the list of accounts is wrapped."""
    listen_key_form: str = _choice("flat", "data")
    """Whether a listen key is wrapped in `data`."""
    zero_balances: str = _choice("shown", "absent")
    """Whether assets without any balance are listed."""


LIVE = Variants(missing_order="100400", closed_order="closed", repeated_cancel="refused", nothing_open="refused")
