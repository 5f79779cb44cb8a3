"""A tracker where things go wrong in ways that are easily forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import anyio

from bingx_async import Order, OrderStatus, OrderType, Side, TrackedOrder
from bingx_async.core.order_state import OrderStates
from bingx_async.spot.tracker.waiting import Waiting
from tests.client.exchange import Backend, backends, run

AT = datetime(2026, 1, 1, tzinfo=UTC)


@backends
def test_waiting_for_a_triggered_order(backend: Backend) -> None:
    """A wait for an order that goes on under another order id ends with the order, not with the timeout; nothing of a
    wait is left."""

    async def main() -> None:
        states, waiting, ends = OrderStates(), Waiting(), list[tuple[float, str]]()

        def take(order_id: int, kind: OrderType, status: OrderStatus, executed: int, at: datetime) -> None:
            about = (Decimal(1), Decimal(1), Decimal(2), Decimal(executed))
            order = Order("BTC-USDT", order_id, "mine", *about, None, status, kind, Side.BUY, update_time=at)
            states.take_order(order, "get_order", at)
            waiting.tell(known())

        def known() -> TrackedOrder:
            return states.find("mine") or TrackedOrder("", "")

        async def wait() -> None:
            begun = anyio.current_time()
            order = await waiting.until(known, lambda it: it.status.is_final, 60)
            ends.append((round(anyio.current_time() - begun), str(order.order_id)))

        take(100, OrderType.TRIGGER_LIMIT, OrderStatus.NEW, 0, AT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(2)
            take(200, OrderType.LIMIT, OrderStatus.FILLED, 2, AT + timedelta(seconds=2))
        assert ends == [(2, "200")]
        with anyio.move_on_after(1):
            await waiting.until(known, lambda _: False, None)
        assert not waiting._waiting

    run(backend, main)
