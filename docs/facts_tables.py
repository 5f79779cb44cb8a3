"""The tables of what the exchange's pages leave open: made of `Facts`, which the client goes by, and of `Variants`, by
which the emulator answers. Every variant has the setting or the rule that decides it, or the page cannot be built."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import attrs
from markdown_tables import cell, code, table

from bingx_async.emulator.variants import Variants
from bingx_async.spot.facts import Facts

BOTH = "none: both are read alike"
# By the emulator's name: a setting of `Facts`, or the rule by which either answer does.
RULES: Mapping[str, str] = {
    "missing_order": "none: each of these codes is `OrderNotFound`",
    "closed_order": "none: both are `OrderNotFound`; a query tells how the order ended",
    "done_orders": "none: what a query does not find is looked for in the history",
    "repeated_cancel": "none: it is not taken for a missing order",
    "nothing_open": "none: an empty success for the calls that cancel all",
    "cancel_all": "none: plain and OCO orders are both looked for until nothing is open",
    "lookup_delay_ms": "none: an order that is not found yet is asked for again",
    "duplicate_client_id": "none: the order of that id is looked up, never taken for refused",
    "post_only": "none: all are understood",
    "fill_or_kill": "none: all are understood",
    "quote_precision": "quote_places",
    "conditional_lock": "none: nothing is assumed",
    "conditional_side": "none: nothing is assumed",
    "triggered_id": "none: orders are matched by order id and by client id",
    "batch_failure": "none: orders are matched by client id, and one that is missing is looked up",
    "unsafe_in_body": "none: such values travel in the query string alone",
    "replace_form": BOTH,
    "replace_failure": "none: both outcomes are read out of either",
    "switch_takes": "none: nothing is assumed",
    "switch_time": "none: seconds are told from milliseconds by their size",
    "history_order": "none: the orders are sorted here",
    "history_span": "history_days",
    "fills_limit": "fills_per_page",
    "fills_from_id": "none: each fill is given once",
    "oco_query_id": "oco_id",
    "oco_list_id": "none: both are kept, and legs are put together within one reply only",
    "oco_form": BOTH,
    "market_family": "market_family",
    "aggregated_symbol": "aggregated_symbol",
    "depth_order": "none: both sides are sorted here",
    "kline_start": "none: asked for from a millisecond earlier, and each candle is given once",
    "historical_time_zone": "none: `list_klines` is the one for days and longer intervals",
    "trades_from_id": "none: the first page with an id shows the direction, and the iterator goes on so",
    "trade_ms": "ms_tells_maker",
    "api_flags": "none: a symbol without them can be traded, and the exchange decides",
    "numbers": BOTH,
    "client_id_name": "none: all spellings are read",
    "cancelled": BOTH,
    "fund_form": BOTH,
    "overview_form": BOTH,
    "listen_key_form": BOTH,
    "zero_balances": "none: an asset that is missing is not held",
    "ping": BOTH,
    "ping_ms": "none: a socket is dead after three times the longest time between two pings",
    "frames": BOTH,
    "topics_per_socket": "none: kept to `StreamLimits(topics_per_socket=...)`",
    "sockets": "none: kept to `StreamLimits(sockets=...)`",
    "ack_form": BOTH,
    "repeated_topic": "none: both mean that the topic is subscribed",
    "too_many_messages": "none: kept to `StreamLimits(messages_per_second=...)`",
    "depth_sizes": "none: 20, which both have, unless asked for another",
    "depth_ids": "none: strict at first, tolerant after three gaps in a minute",
    "depth_levels": BOTH,
    "data_form": BOTH,
    "ticker_topic": BOTH,
    "repeated_listen_key": "none: one key has one socket",
    "listen_key_end": "none: a key is extended each half an hour, and made anew at every sign of its end",
    "unknown_listen_key": "none: each means that another key is needed",
    "shared_listen_key": "none: one key has one socket",
    "wallet_balance": "none: balances are read by a query too",
    "locked_in_events": "none: what is locked is unknown then",
    "initial_balances": "none: applied if it comes",
    "event_client_id": "none: an order is known by its id too",
    "event_trade_id": "none: by order, price, quantity and second where ids do not agree",
    "event_numbers": BOTH,
    "ended_by_exchange": BOTH,
    "conditional_events": "none: such orders are queried too",
    "oco_events": "none: such orders are queried too",
}


def open_facts() -> str:
    """Every choice of `Facts`, with its default and its text."""
    rows = (
        (code(name), code(repr(default)), cell(meaning)) for name, (default, meaning) in sorted(texts_of(Facts).items())
    )
    return table(("`Facts` setting", "Default", "Meaning"), rows)


def variants() -> str:
    """Every way in which the emulator can answer what is open, the default first, and what a client goes by."""
    rows = (
        (
            code(name),
            cell(", ".join(attrs.fields_dict(Variants)[name].metadata.get("choices", (str(default),)))),
            cell(meaning),
            decided_by(name),
        )
        for name, (default, meaning) in texts_of(Variants).items()
    )
    return table(("Emulator's `Variants`", "Answers", "What is open", "What decides in the client"), rows)


def decided_by(variant: str) -> str:
    """The setting or the rule that decides an open fact; `KeyError` for one that has neither."""
    found = RULES[variant]
    return f"`Facts({found}=...)`" if found in texts_of(Facts) else found


def texts_of(kind: type) -> dict[str, tuple[Any, str]]:
    """The fields of a class, with their defaults and the texts that stand below them."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: (
            attrs.fields_dict(kind)[field.target.id].default,
            " ".join(ast.literal_eval(text.value).split()),
        )
        for field, text in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)
    }
