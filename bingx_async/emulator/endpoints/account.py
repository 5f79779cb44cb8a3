"""The account: balances, the API key's rights, listen keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params, plain
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.traffic import Refusal

LISTEN_KEY_MS = 3_600_000
FUND = "100.5"  # USDT in the fund account, for lack of transfers
OTHERS = ("stdFutures", "coinMPerp", "USDTMPerp", "copyTrading", "grid", "eran", "c2c")


def list_balances(desk: Desk, _params: Params) -> Any:
    """The assets of the spot account."""
    wallets = desk.engine.ledger.wallets(desk.book.account)
    desk.engine.ledger.wallet(desk.book.account, "USDT", is_quote=True)
    return {
        "balances": [
            {"asset": asset, "free": plain(wallet.free), "locked": plain(wallet.locked)}
            for asset, wallet in sorted(wallets.items())
            if wallet.free or wallet.locked or desk.variants.zero_balances == "shown"
        ]
    }


def list_fund_balances(desk: Desk, params: Params) -> Any:
    """The fund account: some USDT that never changes."""
    asset = params.get("asset") or "USDT"
    balances = [{"asset": "USDT", "free": FUND, "locked": "0"}] if asset == "USDT" else []
    return {desk.variants.fund_form: balances}


def get_overview(desk: Desk, params: Params) -> Any:
    """The value of each account in USDT."""
    kinds = [params["accountType"]] if params.get("accountType") else ["sopt", *OTHERS]
    if kinds[0] == "spot":
        kinds = ["sopt"]
    rows = [{"accountType": kind, "usdtBalance": _value(desk) if kind == "sopt" else "0"} for kind in kinds]
    return rows if desk.variants.overview_form == "list" else {"result": rows}


def get_uid(desk: Desk, _params: Params) -> Any:
    """The account's UID."""
    account = desk.book.account
    return {"uid": int(account) if account.isdigit() else int.from_bytes(account.encode()[:6], "big")}


def get_permissions(desk: Desk, _params: Params) -> Any:
    """The API key's rights: to trade and to read."""
    key = desk.account.api_key if desk.account is not None else ""
    return {"apiKey": key, "permissions": [1, 2], "ipAddresses": [], "note": "emulator"}


def create_listen_key(desk: Desk, _params: Params) -> Any:
    """A listen key, valid for an hour; the one that the account has is extended, unless a variant makes another."""
    keys, account = desk.listen_keys, desk.book.account
    valid = [key for key, (owner, until) in keys.items() if owner == account and until > desk.time]
    if desk.variants.repeated_listen_key == "new":
        valid = []
    key = valid[0] if valid else f"{next(desk.engine.ids):064x}"
    keys[key] = account, desk.time + LISTEN_KEY_MS
    return {"listenKey": key} if desk.variants.listen_key_form == "flat" else {"data": {"listenKey": key}}


def extend_listen_key(desk: Desk, params: Params) -> Any:
    """Let a listen key be valid for another hour; the reply is empty."""
    desk.listen_keys[_known(desk, params)] = desk.book.account, desk.time + LISTEN_KEY_MS


def delete_listen_key(desk: Desk, params: Params) -> Any:
    """End a listen key; the reply is empty."""
    del desk.listen_keys[_known(desk, params)]


def _known(desk: Desk, params: Params) -> str:
    key = params.get("listenKey", "")
    if not key:
        raise Refusal(100400, "listenKey is required", 204)
    owner, until = desk.listen_keys.get(key, ("", 0))
    if owner != desk.book.account or until <= desk.time:
        raise Refusal(100404, "the listen key does not exist", 404)
    return key


def _value(desk: Desk) -> str:
    """The spot account in USDT, as far as its assets have a price in it."""
    total = Decimal(0)
    for asset, wallet in desk.engine.ledger.wallets(desk.book.account).items():
        listing: Listing | None = desk.listings.known.get(f"{asset}-USDT")
        price = Decimal(1) if asset == "USDT" else Decimal(0)
        if listing is not None:
            price = desk.engine.prices.mid(listing, desk.engine.time)
        total += (wallet.free + wallet.locked) * price
    return f"{total:.8f}"
