"""The demo's arithmetic: shares of quotas from moments of arrival, balances from fills; and its table."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from bingx_async import Balance, BingXClient, BucketSnapshot, Fill, Quota, Snapshot
from bingx_async.demo.panels import bucket_table
from bingx_async.demo.report import measure, share_used
from bingx_async.demo.scenario import CLOSED_ACCOUNT, Closure
from bingx_async.demo.statement import Statement, fees, total
from bingx_async.emulator import EndpointStats
from bingx_async.spot.cancels import CANCEL_ORDER

FIVE = Quota(5, 1.0)


@pytest.mark.parametrize(
    ("arrivals", "spans", "share"),
    [
        ([], [(0.0, 1000.0)], 0.0),
        ([0.0] * 5, [(0.0, 1000.0)], 1.0),
        ([0.0] * 5, [(0.0, 2000.0)], 0.5),
        ([500.0], [(0.0, 1000.0)], 0.1),
        ([-500.0], [(0.0, 1000.0)], 0.1),
        ([0.0] * 5, [(0.0, 500.0), (5000.0, 5500.0)], 0.5),
        ([0.0], [], 0.0),
    ],
)
def test_a_share_is_how_full_the_window_was_on_average(
    arrivals: list[float], spans: list[tuple[float, float]], share: float
) -> None:
    """Each arrival takes one place of the quota for one window; only what lies within the spans counts."""
    assert share_used(arrivals, FIVE, spans) == pytest.approx(share)


def test_steady_use_is_the_quotient_of_calls_and_allowance() -> None:
    """A burst of 5 every 1.05 s is 95.2 % of 5/s, wherever the period ends."""
    arrivals = [1050.0 * (each // 5) for each in range(200)]
    stats = EndpointStats(len(arrivals), arrivals=tuple(arrivals))
    for end in (22_050.0, 31_500.0):
        use = measure("1001", CANCEL_ORDER.name, FIVE, stats, None, end)
        assert use is not None
        assert use.share == pytest.approx(1 / 1.05, abs=0.003)
        assert use.rate == pytest.approx(5 / 1.05, abs=0.015)


def test_the_closed_period_is_left_out() -> None:
    """Calls before and after count, the refused one does not; the second stretch begins with its first call."""
    arrivals = [200.0 * each for each in range(20)] + [4100.0] + [9100.0 + 200.0 * each for each in range(20)]
    stats = EndpointStats(40, closed=1, arrivals=tuple(arrivals))
    use = measure(CLOSED_ACCOUNT, CANCEL_ORDER.name, FIVE, stats, Closure(4000.0, 9000.0), 13_000.0)
    assert use is not None
    assert (use.calls, use.seconds) == (40, pytest.approx(3.0 + 3.9))
    assert use.share == pytest.approx((3.0 * 5 + (3.9 * 5 - 2.0)) / (6.9 * 5))


def test_nothing_is_measured_in_the_first_window() -> None:
    """Before all tokens are in play there is no share."""
    assert measure("1001", CANCEL_ORDER.name, FIVE, EndpointStats(1, arrivals=(0.0,)), None, 900.0) is None
    assert measure("1001", CANCEL_ORDER.name, FIVE, EndpointStats(), None, 900.0) is None


def fill(number: int, is_buyer: bool, fee: str, asset: str) -> Fill:
    """0.001 BTC for 61.25 USDT."""
    return Fill(
        trade_id=str(number),
        symbol="BTC-USDT",
        price=Decimal(61250),
        quantity=Decimal("0.001"),
        quote_quantity=Decimal("61.250"),
        fee=-Decimal(fee),  # as the exchange sends it: what is paid is below 0
        fee_asset=asset,
        is_buyer=is_buyer,
    )


@pytest.mark.parametrize(("usdt", "is_explained"), [("38.687", True), ("38.68700001", False)])
def test_balances_are_the_deposits_and_the_fills(usdt: str, is_explained: bool) -> None:
    """After two purchases and a sale: the fee is taken from the asset that is received, and what open orders have set
    aside counts as well. A difference in the last digit is found."""
    statement = Statement(BingXClient("key", "secret", account="7"), "BTC-USDT")
    for each in (fill(1, True, "0.000001", "BTC"), fill(2, True, "0.000001", "BTC"), fill(3, False, "0.063", "USDT")):
        statement.fills[each.trade_id] = each
    statement.balances = {
        "USDT": Balance("USDT", Decimal(usdt), Decimal(0)),
        "BTC": Balance("BTC", Decimal("0.000598"), Decimal("0.0004")),
    }
    assert statement.is_explained_by({"USDT": Decimal(100)}) is is_explained
    assert fees([statement]) == {"BTC": Decimal("0.000002"), "USDT": Decimal("0.063")}
    assert total([statement, statement], "BTC") == Decimal("0.001996")


@pytest.mark.parametrize("width", [58, 80, 120])
def test_the_table_fits_its_terminal(width: int) -> None:
    """No cell is cut off, also that of a closed bucket; where tokens are drawn, each state has a shape of its own."""
    now, until = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC)
    name = f"{CANCEL_ORDER.method} {CANCEL_ORDER.path}"
    bucket = BucketSnapshot("account", CLOSED_ACCOUNT, name, FIVE, 1, 2, 12, now, until, "")
    address = BucketSnapshot("egress", "default", "group 2 of", Quota(2000, 10.0), 2000, 0, 0, now, None, "")
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as written:
        console.print(bucket_table(Snapshot(now, (bucket, address), (), 12), {}, width))
    drawn = written.get()
    assert "…" not in drawn
    for text in ("1002  cancel_order ", "closed", "5.0 s", "2000", "IP    group 2"):
        assert text in drawn
    assert ("◆◆●●○" in drawn) == (width == 120)
