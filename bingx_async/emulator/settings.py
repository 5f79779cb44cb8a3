"""The settings of an emulator, checked when it is made, and its accounts: each is a UID with one of its API keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from attrs import field, frozen
from attrs.converters import optional as optional_of
from attrs.validators import deep_iterable, optional

from bingx_async.catalogue import PROFILES
from bingx_async.core.catalogue import Profile
from bingx_async.core.options import has, number, one_of, whole
from bingx_async.core.quota import Quota, Quotas
from bingx_async.emulator.limits import MODELS, Model
from bingx_async.emulator.market.market import Market, market_of
from bingx_async.emulator.variants import Variants
from bingx_async.errors import InvalidRequest

RateHeaders = Literal["epoch-ms", "epoch-s", "remaining-ms"]
PenaltyStyle = Literal["closed", "plain"]
Carrier = Literal["json", "query", "form"]
CARRIERS: frozenset[Carrier] = frozenset(get_args(Carrier))


def _amounts(values: Mapping[str, Decimal | int | str]) -> dict[str, Decimal]:
    try:
        amounts = {asset: Decimal(amount) for asset, amount in values.items()}
    except InvalidOperation:
        amounts = {"": Decimal(-1)}
    is_wrong = any(not amount.is_finite() or amount < 0 for amount in amounts.values())
    if is_wrong or any(isinstance(amount, float) for amount in values.values()):
        raise InvalidRequest(f"balances must be amounts such as {{'USDT': Decimal('1000.5')}}, not {values!r}")
    return amounts


@frozen
class Account:
    """An account as the emulator knows it. Several may share one `account` with different keys: they share its
    quotas, its book and the balances of the first.

    `balances` has the assets it owns, and it owns nothing else: `{"USDT": Decimal(1000)}`. `balance` is so much of
    every quote asset, and any amount of everything else. With neither it is without bounds.
    """

    account: str = field(converter=str)
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    balance: Decimal | None = None
    balances: Mapping[str, Decimal] | None = field(default=None, converter=optional_of(_amounts), repr=False)


def default_accounts() -> tuple[Account, ...]:
    """Three accounts 1001, 1002, 1003 with keys `emulator-key-1001`, `emulator-secret-1001` and so on."""
    return tuple(Account(uid, f"emulator-key-{uid}", f"emulator-secret-{uid}") for uid in ("1001", "1002", "1003"))


def profile_of(profile: str | Profile, quotas: Quotas) -> Profile:
    """The profile of that name, with some of its quotas replaced. Raises `InvalidRequest`."""
    if not isinstance(profile, Profile):
        if profile not in PROFILES:
            raise InvalidRequest(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
        profile = PROFILES[profile]
    for key, quota in quotas.items():
        if not isinstance(quota, Quota):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequest(f"quotas[{key!r}] must be a Quota such as Quota(10, 1.0), not {quota!r}")
    return profile.override(quotas)


def _several(values: Any) -> tuple[Any, ...]:
    # A text is an iterable too, of its letters; it is left whole for the validator to refuse.
    return (values,) if isinstance(values, str) else tuple(values)


def _accounts(values: Any) -> tuple[Any, ...]:
    return default_accounts() if values is None else _several(values)


def _set_of(values: Any) -> frozenset[Any]:
    return frozenset(_several(values))


def _system_clock() -> float:
    return time.time() * 1000


def _clock_of(value: Any) -> Any:
    return _system_clock if value is None else value


def _are_accounts(_instance: object, _setting: object, values: Any) -> None:
    for value in values:
        if not isinstance(value, Account):
            raise InvalidRequest(f"accounts must be values such as Account('7', 'key', 'secret'), not {value!r}")


def _is_market(_instance: object, _setting: object, value: Any) -> None:
    if not isinstance(value, Market):
        wanted = "'walk', 'quiet', 'live', Recording('prices.jsonl'), None or a value such as Market(seed=7)"
        raise InvalidRequest(f"market must be {wanted}, not {value!r}")


def _are_variants(_instance: object, _setting: object, value: Any) -> None:
    if not isinstance(value, Variants):
        raise InvalidRequest(f"variants must be a value such as Variants(post_only='failed'), not {value!r}")


def _are_symbols(_instance: object, _setting: object, values: Any) -> None:
    for value in values or ():
        if not isinstance(value, str) or "-" not in value:
            raise InvalidRequest(f"symbols must be a list such as ['BTC-USDT', 'ETH-USDT'], not {value!r}")


@frozen(kw_only=True)
class EmulatorSettings:
    """The arguments of `Emulator`, complete: `profile` has the quotas of `quotas`, `clock` is a function.

    `latency` and `jitter` are seconds, every other span is milliseconds. Raises `InvalidRequest`.
    """

    accounts: tuple[Account, ...] = field(converter=_accounts, validator=_are_accounts)
    profile: Profile
    model: Model = field(validator=one_of(*MODELS))
    penalty_ms: int = field(validator=whole(at_least=0))
    penalty_style: PenaltyStyle = field(validator=one_of(*get_args(PenaltyStyle)))
    latency: float = field(validator=number(at_least=0, such_as=0.025))
    jitter: float = field(validator=number(at_least=0, such_as=0.005))
    seed: int = field(validator=whole(at_least=0))
    carriers: frozenset[Carrier] = field(converter=_set_of, validator=deep_iterable(one_of(*sorted(CARRIERS))))
    rate_headers: RateHeaders | None = field(validator=optional(one_of(*get_args(RateHeaders))))
    clock_offset_ms: float = field(validator=number(such_as=250))
    clock: Callable[[], float] = field(
        converter=_clock_of, validator=has("__call__", "a function that returns epoch milliseconds")
    )
    symbols: tuple[str, ...] | None = field(converter=optional_of(_several), validator=_are_symbols)
    error_limit: int | None = field(validator=optional(whole(at_least=0)))
    market: Market = field(converter=market_of, validator=_is_market)
    variants: Variants = field(validator=_are_variants)
