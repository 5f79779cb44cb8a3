"""Balances and permissions of an account."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.models.fields import AccountType, Permission, raw, text, wire

__all__ = ["AccountValue", "Balance", "ListenKey", "Permissions"]


class ListenKey(str):
    """The key by which the stream of an account is opened: a text that its repr does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ListenKey(***)"


@frozen
class Balance:
    """The holdings of one asset."""

    asset: str = text("asset")
    """Its name, such as USDT."""
    free: Decimal | None = wire("free")
    """The part that can be used."""
    locked: Decimal | None = wire("locked")
    """The part that open orders have set aside."""
    raw: Mapping[str, Any] = raw()

    @property
    def total(self) -> Decimal | None:
        """Both parts together; None where the reply lacks one."""
        return None if self.free is None or self.locked is None else self.free + self.locked


@frozen
class AccountValue:
    """The value of one of the accounts of a user."""

    account_type: AccountType = wire("accountType", default=AccountType(""))
    """Spot, futures, copy trading and so on."""
    usdt_balance: Decimal | None = wire("usdtBalance")
    """Its value in USDT."""
    raw: Mapping[str, Any] = raw()


@frozen
class Permissions:
    """The rights of an API key. The key itself is masked, here and in `raw`."""

    api_key: str = text("apiKey")
    """The key's first characters."""
    permissions: tuple[Permission, ...] = wire("permissions", default=())
    """Its rights; a number that this library does not know is kept."""
    ip_addresses: tuple[str, ...] = wire("ipAddresses", default=())
    """The addresses from which it may be used; empty if from any."""
    note: str = text("note")
    """The name that its owner gave it."""
    raw: Mapping[str, Any] = raw()
