"""`bingx-async klines` against the emulator."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.cli.running import Served, served

FIRST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Served]:
    with served(profile="unlimited") as found:
        found.environ = {"BINGX_BASE_URL": found.url}  # no key is needed
        yield found


def opened(exchange: Served, *args: str) -> list[datetime]:
    """When the candles opened that a command lists."""
    result = exchange("klines", "BTC-USDT", *args, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return [datetime.fromisoformat(each["open_time"]) for each in json.loads(result.stdout)]


def test_the_latest(exchange: Served) -> None:
    """Without --start the newest candles, 20 of an hour each, oldest first; the last is unfinished."""
    found = json.loads(exchange("klines", "BTC-USDT", "--json").stdout)
    times = [datetime.fromisoformat(each["open_time"]) for each in found]
    assert [later - time for time, later in pairwise(times)] == [timedelta(hours=1)] * 19
    assert [each["is_closed"] for each in found] == [True] * 19 + [False]
    assert {type(each["close"]) for each in found} == {str}


def test_more_than_a_reply_holds(exchange: Served) -> None:
    """From --start on page after page, each candle once, until there are --limit."""
    times = opened(exchange, "1m", "--start", "2026-01-01", "--limit", "1500")
    assert times == [FIRST + timedelta(minutes=number) for number in range(1500)]


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        (["--start", "2026-01-01", "--end", "2026-01-01T03:00:00"], [0, 1, 2]),
        (["--start", "2026-01-01 00:30:00", "--end", "2026-01-01T03:00:01"], [1, 2, 3]),
        (["--end", "2026-01-01T03:00:00", "--limit", "2"], [1, 2]),
        (["--start", "2026-01-01", "--limit", "1"], [0]),
    ],
)
def test_start_and_end(exchange: Served, given: list[str], hours: list[int]) -> None:
    """Candles that open from --start on and before --end, UTC; without --start the last of them."""
    assert opened(exchange, "1h", *given) == [FIRST + timedelta(hours=hour) for hour in hours]


def test_a_table(exchange: Served) -> None:
    """A line for each candle under the names of its fields, with the digits of the exchange."""
    lines = exchange("klines", "BTC-USDT", "1d", "--start", "2026-01-01", "--limit", "2").stdout.splitlines()
    assert lines[0].split("  ")[0] == "open time (UTC)"
    assert [line[:19] for line in lines[2:]] == ["2026-01-01 00:00:00", "2026-01-02 00:00:00"]
    (raw,) = json.loads(exchange("klines", "BTC-USDT", "1d", "--start", "2026-01-01", "--limit", "1", "--json").stdout)
    assert lines[2].split()[2:] == [*(raw[name] for name in ("open", "high", "low", "close", "volume")), "closed"]


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["BTC-USDT", "7m"], 1, "Error: interval='7m' must be one of 1m, 3m, "),
        (["BTCUSDT"], 1, "Error: symbol='BTCUSDT' is not a trading pair: write it as in 'BTC-USDT'"),
        (["BTC-USDT", "--limit", "1441"], 2, "Error: for more than 1440 candles say where they begin: --start"),
        (["BTC-USDT", "--start", "2026-01-02", "--end", "2026-01-02"], 2, "Error: --start must be before --end"),
        (["BTC-USDT", "--start", "2036-01-02"], 2, "Error: --start must be before now"),
        (["BTC-USDT", "--start", "yesterday"], 2, "Error: Invalid value for '--start'"),
    ],
)
def test_arguments_that_cannot_be(exchange: Served, given: list[str], code: int, said: str) -> None:
    """The last line says what to write."""
    result = exchange("klines", *given)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1].startswith(said)
