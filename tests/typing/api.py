"""How the public names are used, for the type checkers: this file is never run."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

import httpx

from bingx_async import (
    PROFILES,
    ApiError,
    BingXClient,
    BucketSnapshot,
    CancelFailure,
    CancelOrdersResult,
    CancelOutcome,
    CancelRestriction,
    CancelStatus,
    Depth,
    ErrorBudgetSpent,
    Event,
    Governor,
    InvalidRequest,
    IpGroup,
    Level,
    LocalError,
    NewOrder,
    OcoLeg,
    OcoOrder,
    OcoOrderType,
    OcoReference,
    Order,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    PlaceOutcome,
    PlaceStatus,
    Priority,
    Quota,
    QuotaWait,
    RateLimited,
    ReadFailed,
    ReplaceOutcome,
    Side,
    Snapshot,
    SymbolRules,
    TimeInForce,
    UnreadableReply,
)
from bingx_async.spot import Strategy


def on_event(event: Event) -> None:
    assert_type(event.at, datetime)


async def use(transport: httpx.AsyncBaseTransport) -> None:
    assert_type(PROFILES["documented"]["/openApi/spot/v1/trade/cancel"], Quota)
    quotas: dict[str | IpGroup, Quota] = {"/openApi/spot/v1/trade/cancel": Quota(10, 1.0), IpGroup.TRADE: Quota(9, 1)}
    governor = Governor("trader", quotas=quotas, share=0.5, cold_start="spent", on_event=on_event)
    Governor(quotas={"/openApi/spot/v1/trade/cancel": Quota(10, 1.0)})
    Governor(quotas={IpGroup.TRADE: Quota(9, 1)})
    Governor(quotas={"/openApi/spot/v1/trade/cancel": Quota(10, 1.0), IpGroup.TRADE: Quota(9, 1)})
    by_path = {"/openApi/spot/v1/trade/cancel": Quota(10, 1.0)}
    by_group = {IpGroup.TRADE: Quota(9, 1)}
    Governor(quotas=by_path)
    Governor(quotas=by_group)
    Governor(quotas={"/openApi/spot/v1/trade/cancel": 10})  # type: ignore[dict-item]  # pyright: ignore
    async with BingXClient(
        "key",
        "secret",
        account=1,
        base_url="http://127.0.0.1:1",
        governor=governor,
        transport=transport,
        carrier="query",
        recv_window=5000,
        max_wait=30,
        timeout=10,
        egress="default",
    ) as client:
        assert_type(client, BingXClient)
        other = client.for_account(api_key="key", secret_key="secret", account="2")
        quick = client.with_options(max_wait=0, timeout=2.5, priority=Priority.CANCEL, recv_window=1000)
        assert_type(quick, BingXClient)
        client.with_options(patience=1)  # type: ignore[call-arg]  # pyright: ignore
        assert_type(other, BingXClient)
        await orders(client)
        await oco(client)
    assert_type(client.account.owner, str)
    assert_type(await client.sync_clock(), float)
    assert_type(governor.eta("/openApi/spot/v1/trade/cancel", account=1), float)
    snapshot = governor.snapshot()
    assert_type(snapshot, Snapshot)
    for bucket in snapshot:
        assert_type(bucket, BucketSnapshot)
        assert_type(bucket.kind + bucket.owner + bucket.name + bucket.key, str)
        assert_type(bucket.closed_until, datetime | None)


async def orders(client: BingXClient) -> None:
    order = await client.spot.cancel_order("BTC-USDT", 1, only_if=CancelRestriction.NEW, max_wait=0)
    assert_type(order, Order)
    assert_type(order.order_id, int | None)
    assert_type(order.price, Decimal | None)
    assert_type(order.status, OrderStatus)
    assert_type(order.type, OrderType)
    assert_type(order.side, Side)
    assert_type(order.raw, Mapping[str, Any])
    await client.spot.cancel_order("BTC-USDT", client_order_id="a", priority=Priority.READ, timeout=1, recv_window=1000)
    done = await client.spot.cancel_orders("BTC-USDT", [1, "2"], ["a"], partial=True)
    assert_type(done, CancelOrdersResult)
    assert_type(done.orders, tuple[Order, ...])
    assert_type(done.fails, tuple[CancelFailure, ...])
    assert_type(await client.spot.cancel_open_orders("BTC-USDT"), list[Order])
    assert_type(await client.spot.cancel_all_open_orders(), list[Order])
    many = await client.spot.cancel_many("BTC-USDT", range(100), max_wait=60)
    assert_type(many, list[CancelOutcome])
    assert_type(many[0].status, CancelStatus)


async def oco(client: BingXClient) -> None:
    placed = await client.spot.place_oco_order(
        "BTC-USDT",
        Side.SELL,
        quantity=Decimal("0.1"),
        limit_price=1,
        order_price="2.5",
        trigger_price=Decimal(3),
        list_client_order_id="1",
        above_client_order_id=2,
    )
    assert_type(placed, OcoOrder)
    assert_type(placed.limit_leg, OcoLeg | None)
    assert_type(placed.order_list_id, str)
    assert_type(placed.legs[0].order_type, OcoOrderType)
    assert_type(await client.spot.cancel_oco_order(order_id="1"), OcoReference)
    assert_type(await client.spot.cancel_oco_order(client_order_id=1), OcoReference)


async def places(client: BingXClient, rules: SymbolRules) -> None:
    new = NewOrder(symbol="BTC-USDT", side="BUY", type=OrderType.LIMIT, quantity="0.1", price=Decimal(1))
    rules.check(new)
    assert_type(rules.quantize_price("1", Side.BUY), Decimal)
    assert_type(rules.quantize_quantity(1), Decimal)
    rules.quantize_quantity(0.1)  # type: ignore[arg-type]  # pyright: ignore
    spot, strategy = client.spot, client.spot.as_strategy("grid7")
    assert_type(strategy, Strategy)
    assert_type(await spot.place_order("BTC-USDT", Side.SELL, "MARKET", quantity=1, check=False, max_wait=0), Order)
    assert_type(await strategy.place_limit_order("BTC-USDT", "BUY", 1, "2", time_in_force=TimeInForce.IOC), Order)
    assert_type(await spot.place_market_order("BTC-USDT", "BUY", quote_quantity=Decimal(20)), Order)
    outcomes = await spot.place_orders([new, {"symbol": "BTC-USDT"}], sequential=True)
    assert_type(outcomes, list[PlaceOutcome])
    assert_type(outcomes[0].status, PlaceStatus)
    assert_type(await strategy.replace_order("BTC-USDT", cancel_order_id=1, order=new), ReplaceOutcome)
    assert_type(await strategy.cancel_mine(deadline=3), list[CancelOutcome])
    BingXClient("key", "secret", strategy="grid7", check_orders=False)


async def looks(client: BingXClient) -> None:
    assert_type(await client.spot.get_order("BTC-USDT", client_order_id="a"), Order)
    depth = await client.spot.get_depth("BTC-USDT", limit=5)
    assert_type(depth, Depth)
    assert_type(depth.bids, tuple[Level, ...])
    assert_type(depth.bids[0].price, Decimal)
    assert_type(depth.time, datetime | None)


async def failures(client: BingXClient) -> None:
    try:
        await client.spot.cancel_all_open_orders()
    except QuotaWait as error:
        assert_type(error.retry_at, datetime)
        assert_type(error.retry_after, float)
        assert_type(error.bucket, str)
    except ErrorBudgetSpent as error:
        assert_type(error.retry_at, datetime)
    except InvalidRequest as error:
        problem: ValueError = error
        local: LocalError = error
        print(problem, local)
    except RateLimited as error:
        assert_type(error.retry_at, datetime)
        assert_type(error.scope, str)
    except ApiError as error:
        assert_type(error.code, int | None)
        assert_type(error.http_status, int)
    except ReadFailed as error:
        assert_type(error.endpoint, str)
    except UnreadableReply as error:
        assert_type(error.endpoint, str)
    except OutcomeUnknown as error:
        assert_type(error.client_order_ids, tuple[str, ...])
