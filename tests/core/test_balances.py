"""Balances: the newest of each asset, and what the amount of an event means."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from bingx_async.core.balances import TOTAL, Balances
from bingx_async.models import Balance, BalanceChanged, BalanceUpdate
from tests.orderings.messages import START

Amounts = Mapping[str, tuple[int | None, int | None]]


def balances_of(amounts: Amounts) -> tuple[Balance, ...]:
    found: list[Balance] = []
    for asset, (free, locked) in amounts.items():
        found.append(
            Balance(asset, None if free is None else Decimal(free), None if locked is None else Decimal(locked))
        )
    return tuple(found)


def event(at: int | None, is_recovered: bool = False, /, **amounts: tuple[int | None, int | None]) -> BalanceUpdate:
    time = None if at is None else START + timedelta(milliseconds=at)
    return BalanceUpdate(balances_of(amounts), "ORDER", time=time, is_recovered=is_recovered)


def tell(balances: Balances, update: BalanceUpdate) -> list[BalanceChanged]:
    return balances.take_update(update, START)


def read(
    balances: Balances, at: int, /, is_whole: bool = True, **amounts: tuple[int | None, int | None]
) -> list[BalanceChanged]:
    asked_at = START + timedelta(milliseconds=at)
    return balances.take_reading(balances_of(amounts), asked_at, asked_at + timedelta(seconds=1), is_whole=is_whole)


def amounts(balances: Balances) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    return {each.asset: (each.free, each.locked) for each in balances.all()}


def test_the_newest_counts() -> None:
    """In any order of events of different moments."""
    for order in permutations(event(n, USDT=(n, n)) for n in range(1, 5)):
        balances = Balances()
        assert balances.get("USDT") is None
        for each in order:
            tell(balances, each)
        assert balances.get("USDT") == Balance("USDT", Decimal(4), Decimal(4))


def test_of_one_moment_the_later_counts() -> None:
    """And what changes nothing is no change."""
    balances = Balances()
    (first,) = tell(balances, event(1, USDT=(1, 0)))
    (second,) = tell(balances, event(1, USDT=(2, 0)))
    assert (first.balance.free, second.balance.free) == (1, 2)
    assert tell(balances, event(2, USDT=(2, 0))) == []
    assert tell(balances, event(1, USDT=(3, 0))) == []
    assert tell(balances, event(None, USDT=(4, 0))) == []  # of START, when it came
    assert amounts(balances) == {"USDT": (2, 0)}


def test_what_is_not_told_stays() -> None:
    """An event without a locked amount leaves the one that is known."""
    balances = Balances()
    tell(balances, event(1, USDT=(7, None)))
    assert amounts(balances) == {"USDT": (7, None)}
    tell(balances, event(2, USDT=(5, 2)))
    tell(balances, event(3, USDT=(4, None)))
    assert amounts(balances) == {"USDT": (4, 2)}


def test_a_reading_is_of_the_moment_it_was_asked_for() -> None:
    """What an event says of later stays; what is older goes, also where the reading has no such asset."""
    balances = Balances()
    tell(balances, event(1, USDT=(1, 0), BTC=(1, 0), ETH=(1, 0)))
    tell(balances, event(5, BTC=(5, 0), DOGE=(5, 0)))
    read(balances, 3, USDT=(3, 1), BTC=(3, 0))
    assert amounts(balances) == {"USDT": (3, 1), "BTC": (5, 0), "ETH": (0, 0), "DOGE": (5, 0)}
    read(balances, 9, is_whole=False, BTC=(9, 0))
    assert amounts(balances) == {"USDT": (3, 1), "BTC": (9, 0), "ETH": (0, 0), "DOGE": (5, 0)}


def test_the_amount_is_free_unless_a_reading_shows_otherwise() -> None:
    """The same locked amount in an event and a later reading: then both sums are of the same moment."""
    balances = Balances()
    tell(balances, event(1, USDT=(70, 30), BTC=(2, 1), ETH=(4, None)))
    changes = read(balances, 2, is_whole=False, USDT=(40, 30))
    assert [(each.balance.asset, each.balance.free) for each in changes] == [("USDT", 40), ("BTC", 1), ("ETH", None)]
    (evidence,) = balances.evidence
    assert (evidence.answer, balances.is_total) == (
        f"USDT: 40 free and 30 locked, where an event said 70: {TOTAL}",
        True,
    )
    tell(balances, event(3, USDT=(60, 10)))
    assert amounts(balances)["USDT"] == (50, 10)
    read(balances, 4, is_whole=False, USDT=(1, 10))
    assert len(balances.evidence) == 1


def test_the_amount_was_what_is_free() -> None:
    """That is known from then on, and no evidence is needed."""
    balances = Balances()
    tell(balances, event(1, USDT=(70, 30)))
    assert read(balances, 2, USDT=(70, 30)) == []
    assert (balances.is_total, balances.evidence) == (False, ())


def test_nothing_is_learnt_by_chance() -> None:
    """Other locked amounts, none, an older reading, other sums, readings compared with readings."""
    for told, asked, free, locked in (
        (event(1, USDT=(100, 0)), 2, 70, 30),  # an event was lost
        (event(1, USDT=(100, None)), 2, 70, 30),
        (event(1, USDT=(100, 0)), 2, 100, 0),
        (event(9, USDT=(100, 30)), 2, 70, 30),
        (event(1, USDT=(100, 30)), 2, 71, 30),
        (event(1, USDT=(100, 30)), 2, None, 30),
        (event(1, True, USDT=(100, 30)), 2, 70, 30),
    ):
        balances = Balances()
        tell(balances, told)
        read(balances, asked, USDT=(free, locked))
        assert balances.is_total is None


def test_it_can_be_set() -> None:
    """A total of which the locked part is not known leaves open what is free."""
    balances = Balances(is_total=True)
    tell(balances, event(1, USDT=(100, 30), BTC=(1, None), ETH=(None, 1)))
    tell(balances, event(1, True, DOGE=(7, 1)))
    assert amounts(balances) == {"USDT": (70, 30), "BTC": (None, None), "ETH": (None, 1), "DOGE": (7, 1)}
