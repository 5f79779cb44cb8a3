"""The accounts of the emulator: each is a UID, which owns quotas and orders, with one of its API keys."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen


@frozen
class Account:
    """An account as the emulator knows it. Several may share one `account` with different keys: they share its
    quotas and its book. `balance` is in the quote asset, for every symbol; None is without bound.
    """

    account: str = field(converter=str)
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    balance: Decimal | None = None


def default_accounts() -> tuple[Account, ...]:
    """Three accounts 1001, 1002, 1003 with keys `emulator-key-1001`, `emulator-secret-1001` and so on."""
    return tuple(Account(uid, f"emulator-key-{uid}", f"emulator-secret-{uid}") for uid in ("1001", "1002", "1003"))
