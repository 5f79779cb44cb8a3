"""`bingx-async doctor`: host, clock, key, addresses, permissions, carrier, quota headers; each in one line.

Nothing is changed: the one call that could change something cancels an order that does not exist, in a way that costs
no error budget.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum

import anyio
import click
from attrs import define, field, frozen

from bingx_async import BingXClient, BingXError, Governor, InvalidRequest, Permission, Permissions, events, to_dict
from bingx_async.commands.counting import cancel_nothing, learn, told
from bingx_async.commands.output import clean, show_json, tell
from bingx_async.commands.session import seconds

MAX_WAIT = 10.0  # seconds in a queue; two windows take one
TELLING = 0.5  # seconds; a signed call more than a recvWindow away is refused, and a drifting clock gets there
CALLS = 3  # with the one that finds the carrier two windows of 2/s
PAGE = "on the exchange's page for API keys"
NEEDED = {Permission.READ: "read", Permission.SPOT: "spot trading"}
SET_BOTH = "set BINGX_API_KEY and BINGX_SECRET_KEY"
LOOK_AT_HOST = "look at the network, and at BINGX_BASE_URL if it is set"
CURES = {
    100413: "the API key is wrong: copy it whole, and check that it has not been deleted",
    100001: "the secret key does not belong to this API key: copy it whole",
    100412: "the exchange sees no signature: is there a proxy on the way that drops parameters?",
    100421: "let NTP set this machine's clock",
    100419: f"this address is not in the key's whitelist: add it {PAGE}",
    100410: "another program uses this quota up: run it again without",
    100004: f"the key lacks a right: allow reading and spot trading {PAGE}",
}


class State(StrEnum):
    """It works; it works, but look at it; it does not work; it could not be looked at."""

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
@click.option("--timeout", type=seconds, default=5.0, metavar="SECONDS", show_default=True, help="For each answer.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(symbol: str, timeout: float, as_json: bool) -> None:
    """Look at host, clock, key, addresses, permissions, carrier and quota headers; changes nothing.

    The keys come from BINGX_API_KEY and BINGX_SECRET_KEY. Exits with 1 if something does not work.
    """
    findings = anyio.run(_examine, symbol, timeout)
    if as_json:
        show_json([to_dict(finding) for finding in findings])
    else:
        for finding in findings:
            cure = f" · {finding.cure}" if finding.cure else ""
            tell(f"{finding.state:<9}{finding.subject:<15}{clean(finding.text + cure)}")
    sys.exit(int(any(finding.state is State.FAILED for finding in findings)))


async def _examine(symbol: str, timeout: float) -> list[Finding]:
    seen: list[events.Event] = []
    try:
        governor = Governor(anchor="headers", on_event=seen.append)
        client = BingXClient(governor=governor, timeout=timeout, max_wait=MAX_WAIT)
    except InvalidRequest as error:
        is_half = bool(os.environ.get("BINGX_API_KEY")) != bool(os.environ.get("BINGX_SECRET_KEY"))
        return [Finding("settings", State.FAILED, str(error), SET_BOTH if is_half else "")]
    try:
        return [finding async for finding in Examination(client, symbol, timeout, seen).findings()]
    finally:
        await client.aclose()


@define(eq=False)
class Examination:
    """The checks of one client, in the order in which each rests on those before it."""

    client: BingXClient
    symbol: str
    timeout: float
    events: list[events.Event]
    _offset: float = field(init=False, default=0.0)
    _permissions: Permissions = field(init=False, factory=Permissions)

    async def findings(self) -> AsyncIterator[Finding]:
        """One finding after the other; after a failure the rest is skipped."""
        checks: dict[str, Callable[[], Awaitable[Finding]]] = {
            "host": self._host,
            "clock": self._clock,
            "key": self._key,
            "addresses": self._addresses,
            "permissions": self._rights,
            "carrier": self._carrier,
            "quota headers": self._headers,
        }
        reason = ""
        for subject, check in checks.items():
            if not reason and subject == "key" and not os.environ.get("BINGX_API_KEY"):
                reason = SET_BOTH
            finding = Finding(subject, State.SKIPPED, reason) if reason else await self._look(subject, check)
            if finding.state is State.FAILED:
                reason = f"{subject} failed"
            yield finding

    async def _look(self, subject: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
        try:
            with anyio.fail_after(self.timeout + MAX_WAIT):
                return await check()
        except BingXError as error:
            cure = LOOK_AT_HOST if subject == "host" else CURES.get(getattr(error, "code", None) or 0, "")
            return Finding(subject, State.FAILED, str(error), cure)
        except TimeoutError:
            return Finding(subject, State.FAILED, "no answer in time", LOOK_AT_HOST)

    async def _host(self) -> Finding:
        with anyio.fail_after(self.timeout):
            self._offset = await self.client.sync_clock()
        trips = [it.took for it in self.events if isinstance(it, events.Settled) and it.outcome == "accepted"]
        best = f"answers in {min(trips) * 1000:.1f} ms, the best of {len(trips)}" if trips else "answers"
        return Finding("host", State.OK, f"{self.client.host} {best}")

    async def _clock(self) -> Finding:
        text = f"{abs(self._offset) * 1000:.1f} ms {'behind' if self._offset >= 0 else 'ahead of'} the exchange's"
        if abs(self._offset) < TELLING:
            return Finding("clock", State.OK, text)
        return Finding("clock", State.WARNING, text, "this client corrects for it; let NTP set this machine's clock")

    async def _key(self) -> Finding:
        uid = await self.client.account.get_uid()
        return Finding("key", State.OK, f"belongs to UID {uid}; pass account={uid!r} where several keys share it")

    async def _addresses(self) -> Finding:
        self._permissions = await self.client.account.get_permissions()
        allowed = self._permissions.ip_addresses
        if not allowed:
            return Finding("addresses", State.WARNING, "the key works from any address", f"name your own {PAGE}")
        return Finding("addresses", State.OK, f"the key works from {', '.join(allowed)}, and this is one of them")

    async def _rights(self) -> Finding:
        missing = [name for right, name in NEEDED.items() if right not in self._permissions.permissions]
        if missing:
            return Finding("permissions", State.FAILED, f"the key lacks {' and '.join(missing)}", f"allow it {PAGE}")
        if Permission.WITHDRAW in self._permissions.permissions:
            return Finding("permissions", State.WARNING, "the key may withdraw", "trading needs no such right")
        return Finding("permissions", State.OK, "read and spot trading")

    async def _carrier(self) -> Finding:
        await self.client.spot.get_symbol(self.symbol)  # raises for one that does not exist, at no cost
        await cancel_nothing(self.client, self.symbol)
        chosen = [it for it in self.events if isinstance(it, events.CarrierChosen)]
        return Finding("carrier", State.OK, f"parameters travel by {chosen[-1].carrier if chosen else 'json'}")

    async def _headers(self) -> Finding:
        return Finding("quota headers", State.OK, told(await learn(self.client, self.symbol, CALLS)))
