"""`bingx-async doctor`: host, clock, key, permissions, addresses, carrier, quota headers; each in one line.

Nothing is changed: the one call that could change something cancels an order that does not exist, by the batch
endpoint in its tolerant mode, which answers code 0 and costs no error budget.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum

import anyio
import click
from attrs import define, field, frozen

from bingx_async import (
    AuthenticationError,
    BingXClient,
    BingXError,
    Governor,
    InvalidRequest,
    Permission,
    Permissions,
    events,
    to_dict,
)
from bingx_async.commands.output import show_json
from bingx_async.spot.cancels import CANCEL_ORDERS

TELLING = 0.5  # seconds; a signed call more than a recvWindow away is refused, and a drifting clock gets there
CALLS = 6  # three windows of 2/s
NO_ORDER = 1  # an order id that no order has
NEEDED = {Permission.READ: "read", Permission.SPOT: "spot trading"}
CURES = {
    100413: "the API key is wrong: copy it whole, and check that it has not been deleted",
    100001: "the secret key does not belong to this API key: copy it whole",
    100412: "the secret key does not belong to this API key: copy it whole",
    100419: "this address is not in the key's whitelist: add it on the exchange's page for API keys",
}


class State(StrEnum):
    """Works; works, but look at it; does not work; could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Finding:
    """One line of the report; `cure` says how to mend it."""

    subject: str
    state: State
    text: str
    cure: str = ""


@click.command()
@click.option("--symbol", default="BTC-USDT", show_default=True, help="The pair to name in a harmless cancel.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(symbol: str, as_json: bool) -> None:
    """Look at host, clock, key, permissions, addresses, carrier and quota headers; changes nothing.

    The keys come from BINGX_API_KEY and BINGX_SECRET_KEY. Exits with 1 if something does not work.
    """
    findings = anyio.run(_examine, symbol)
    if as_json:
        show_json([to_dict(finding) for finding in findings])
    else:
        for finding in findings:
            cure = f" · {finding.cure}" if finding.cure else ""
            click.echo(f"{finding.state:<9}{finding.subject:<14}{finding.text}{cure}")
    sys.exit(int(any(finding.state is State.FAILED for finding in findings)))


async def _examine(symbol: str) -> list[Finding]:
    seen: list[events.Event] = []
    try:
        client = BingXClient(governor=Governor(anchor="headers", on_event=seen.append))
    except InvalidRequest as error:
        return [Finding("settings", State.FAILED, str(error))]
    try:
        return [finding async for finding in Examination(client, symbol, seen).findings()]
    finally:
        await client.aclose()


@define(eq=False)
class Examination:
    """The checks of one client, in the order in which each rests on those before it."""

    client: BingXClient
    symbol: str
    events: list[events.Event]
    _permissions: Permissions = field(init=False, factory=Permissions)

    async def findings(self) -> AsyncIterator[Finding]:
        """One finding after the other; after a failure the rest is skipped."""
        checks: dict[str, Callable[[], Awaitable[Finding]]] = {
            "host": self._host,
            "clock": self._clock,
            "key": self._key,
            "permissions": self._rights,
            "addresses": self._addresses,
            "carrier": self._carrier,
            "quota headers": self._headers,
        }
        reason = ""
        for subject, check in checks.items():
            if not reason and subject == "key" and not os.environ.get("BINGX_API_KEY"):
                reason = "set BINGX_API_KEY and BINGX_SECRET_KEY"
            finding = Finding(subject, State.SKIPPED, reason) if reason else await self._look(subject, check)
            if finding.state is State.FAILED:
                reason = f"{subject} failed"
            yield finding

    async def _look(self, subject: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
        try:
            return await check()
        except AuthenticationError as error:
            return Finding(subject, State.FAILED, str(error), CURES.get(error.code or 0, ""))
        except BingXError as error:
            return Finding(subject, State.FAILED, str(error))

    async def _host(self) -> Finding:
        await self.client.sync_clock()
        trips = [it.took for it in self.events if isinstance(it, events.Settled) and it.outcome == "accepted"]
        best = f"answers in {min(trips) * 1000:.1f} ms, the best of {len(trips)}" if trips else "answers"
        return Finding("host", State.OK, f"{self.client.host} {best}")

    async def _clock(self) -> Finding:
        offset = await self.client.sync_clock()
        text = f"{abs(offset) * 1000:.1f} ms {'behind' if offset >= 0 else 'ahead of'} the exchange's"
        if abs(offset) < TELLING:
            return Finding("clock", State.OK, text)
        return Finding("clock", State.WARNING, text, "this client corrects for it; let NTP set this machine's clock")

    async def _key(self) -> Finding:
        uid = await self.client.account.get_uid()
        return Finding("key", State.OK, f"belongs to UID {uid}; pass account={uid!r} where several keys share it")

    async def _rights(self) -> Finding:
        self._permissions = await self.client.account.get_permissions()
        missing = [name for right, name in NEEDED.items() if right not in self._permissions.permissions]
        if missing:
            cure = "allow it on the exchange's page for API keys"
            return Finding("permissions", State.FAILED, f"the key lacks {' and '.join(missing)}", cure)
        if Permission.WITHDRAW in self._permissions.permissions:
            return Finding("permissions", State.WARNING, "the key may withdraw", "trading needs no such right")
        return Finding("permissions", State.OK, "read and spot trading")

    async def _addresses(self) -> Finding:
        allowed = self._permissions.ip_addresses
        if not allowed:
            cure = "name your own on the exchange's page for API keys"
            return Finding("addresses", State.WARNING, "the key works from any address", cure)
        return Finding("addresses", State.OK, f"the key works from {', '.join(allowed)}, and this is one of them")

    async def _carrier(self) -> Finding:
        await self._cancel_nothing()
        chosen = [it for it in self.events if isinstance(it, events.CarrierChosen)]
        return Finding("carrier", State.OK, f"parameters travel by {chosen[-1].carrier if chosen else 'json'}")

    async def _headers(self) -> Finding:
        async with anyio.create_task_group() as group:
            for _ in range(CALLS):
                group.start_soon(self._cancel_nothing)
        bucket = self.client.governor.snapshot().find(CANCEL_ORDERS.route)
        if bucket is None or not bucket.counting:
            return Finding("quota headers", State.OK, "none, so the way of counting stays unknown; none is needed")
        return Finding("quota headers", State.OK, f"the exchange counts by {bucket.counting}")

    async def _cancel_nothing(self) -> None:
        await self.client.spot.cancel_orders(self.symbol, [NO_ORDER], partial=True)
