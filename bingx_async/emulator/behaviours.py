"""The behaviours of the endpoints, by the name of the endpoint's method. One without a behaviour answers its sample."""

from __future__ import annotations

from collections.abc import Mapping

from bingx_async.emulator.endpoints.account import (
    create_listen_key,
    delete_listen_key,
    extend_listen_key,
    get_overview,
    get_permissions,
    get_uid,
    list_balances,
    list_fund_balances,
)
from bingx_async.emulator.endpoints.cancels import (
    cancel_open_orders,
    cancel_order,
    cancel_orders,
)
from bingx_async.emulator.endpoints.candles import (
    list_historical_klines,
    list_klines,
)
from bingx_async.emulator.endpoints.desk import Behaviour
from bingx_async.emulator.endpoints.market_data import (
    get_aggregated_depth,
    get_depth,
    iter_historical_trades,
    list_book_tickers,
    list_prices,
    list_tickers,
    list_trades,
    server_time,
)
from bingx_async.emulator.endpoints.oco import (
    cancel_oco_order,
    get_oco_order,
    iter_oco_history,
    list_open_oco_orders,
    place_oco_order,
)
from bingx_async.emulator.endpoints.placing import (
    place_order,
    place_orders,
    replace_order,
)
from bingx_async.emulator.endpoints.queries import (
    get_commission_rate,
    get_order,
    iter_fills,
    iter_order_history,
    list_open_orders,
)
from bingx_async.emulator.endpoints.switch import (
    cancel_all_after,
)
from bingx_async.emulator.endpoints.symbols import (
    list_symbols,
)

BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.__name__: behaviour
    for behaviour in (
        create_listen_key,
        delete_listen_key,
        extend_listen_key,
        get_overview,
        get_permissions,
        get_uid,
        list_balances,
        list_fund_balances,
        cancel_open_orders,
        cancel_order,
        cancel_orders,
        list_historical_klines,
        list_klines,
        get_aggregated_depth,
        get_depth,
        iter_historical_trades,
        list_book_tickers,
        list_prices,
        list_tickers,
        list_trades,
        server_time,
        cancel_oco_order,
        get_oco_order,
        iter_oco_history,
        list_open_oco_orders,
        place_oco_order,
        place_order,
        place_orders,
        replace_order,
        get_commission_rate,
        get_order,
        iter_fills,
        iter_order_history,
        list_open_orders,
        cancel_all_after,
        list_symbols,
    )
}
