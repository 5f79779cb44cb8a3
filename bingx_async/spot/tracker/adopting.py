"""Taking over what an earlier run has left in the journal."""

from __future__ import annotations

from collections.abc import Sequence

from bingx_async.core.wire import decimal
from bingx_async.errors import OutcomeUnknown
from bingx_async.models import Intent, IntentOutcome, OcoLeg, Order, OrderType, Side
from bingx_async.spot.oco import PLACE_OCO_ORDER
from bingx_async.spot.tracker.enquiries import DIED, doubts_of
from bingx_async.spot.tracker.portfolio import Portfolio

ASKED = "the journal"


def adopt(portfolio: Portfolio, intents: Sequence[Intent]) -> list[OutcomeUnknown]:
    """Let the portfolio know the orders of these intents; returns the calls of which the outcome is open."""
    for intent in intents:
        portfolio.sending(intent)
        if intent.outcome is IntentOutcome.OPEN:
            portfolio.unknown(intent.client_order_ids, DIED)
        elif intent.endpoint == PLACE_OCO_ORDER.path:
            for name in intent.client_order_ids[:2]:
                portfolio.take_leg(OcoLeg(client_order_id=name, symbol=str(intent.params["symbol"])), ASKED)
        else:
            portfolio.take_order(_placed(intent), ASKED)
    return doubts_of([each for each in intents if each.outcome is IntentOutcome.OPEN], portfolio.at())


def _placed(intent: Intent) -> Order:
    """An order of which it is known that it was placed, and no more."""
    params = intent.params
    return Order(
        str(params["symbol"]),
        int(intent.order_id) if intent.order_id else None,
        intent.client_order_id,
        decimal(params.get("price")),
        decimal(params.get("stopPrice")),
        decimal(params.get("quantity")),
        type=OrderType(str(params["type"])),
        side=Side(str(params["side"])),
        original_quote_quantity=decimal(params.get("quoteOrderQty")),
        time=intent.at,
    )
