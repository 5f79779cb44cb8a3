"""A governor's side of a shared store.

The governor's own ledger grants first: it keeps the local order and knows this process' calls. Then the store is
asked. If it refuses, no call of this process asks for that bucket before the moment it named, and the call goes back
to its place. When the store is back after a time in which a process may have granted calls alone, it is told to trust
nothing it remembers for one occupancy.
"""

from __future__ import annotations

from itertools import count
from secrets import token_hex

import anyio
from attrs import define, field, frozen

from bingx_async.core import events
from bingx_async.core.claims import Key
from bingx_async.core.ledger import Ledger
from bingx_async.core.permit import NotUntil, Permit
from bingx_async.errors import StoreUnavailable
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.outage import VALIDITY, Outage
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.governor.store import Ask, Granted, Later, QuotaStore, Settlement, Spent
from bingx_async.runtime.logs import warn

STALL = 15_000.0  # ms; a process may be stopped this long between grant and sending without breaking the quota
NOTICE = 1_000.0  # ms within which others notice that the store is back: the pause between looks, and a lost one


@frozen
class Ticket:
    """A permit's counterpart in the store: its name there, the bound to send back, the calls live in each bucket.

    `live` is empty for a call that was granted without the store, which hears of it when it is back.
    """

    name: str
    bound: int
    live: tuple[int, ...] = ()


@define(eq=False)
class SharedQuota:
    """One governor's permits in a store."""

    store: QuotaStore
    ledger: Ledger
    clock: ServerClock
    reporter: Reporter
    outage: Outage
    _tickets: dict[int, Ticket] = field(init=False, factory=dict[int, Ticket])  # by the permit's number
    _process: str = field(init=False, factory=lambda: token_hex(6))
    _numbers: count[int] = field(init=False, factory=lambda: count(1))

    async def confirm(self, permit: Permit, max_lifetime_ms: float) -> NotUntil | Spent | None:
        """Ask the store for this permit; None means that the call may leave.

        Raises `StoreUnavailable` under `refuse`, or if the store cannot ever work. Shielded from cancellation, so
        that a token taken in the store is never forgotten here.
        """
        asked_at = self.clock.monotonic()
        self.outage.note(permit, max_lifetime_ms)
        if not self.outage.may_look(asked_at):
            return self._alone(permit, asked_at)
        answer: Granted | Later | Spent | None = None
        try:
            with anyio.CancelScope(shield=True):
                answer = await self._ask(permit, max_lifetime_ms, asked_at)
        except StoreUnavailable as error:
            self._lost(error)
            return self._alone(permit, self.clock.monotonic(), error)
        assert answer is not None  # what is shielded comes to its end
        self._found()
        return self._take(permit, answer, asked_at)

    def _take(self, permit: Permit, answer: Granted | Later | Spent, asked_at: float) -> NotUntil | Spent | None:
        now = self.clock.monotonic()
        if isinstance(answer, Spent):
            return answer
        if isinstance(answer, Later):
            return NotUntil(now + answer.wait, answer.key)
        if now - asked_at > VALIDITY:
            self.release(permit)
            return NotUntil(now, permit.claims.endpoint_gate)
        self.outage.note_live(permit, answer.live)
        return None

    def full(self, permit: Permit) -> list[Key]:
        """Buckets in which this was the store's last token."""
        live = self._tickets[permit.number].live
        limits = zip(permit.claims.all, permit.buckets, live, strict=False)
        return [claim.key for claim, bucket, calls in limits if calls >= bucket.limit]

    def settle(self, permit: Permit, at: float, extra: float, opens: bool, code: int | None, left: int | None) -> None:
        """Tell the store how the call ended; `left` is what the exchange says is left of the account's quota."""
        ticket = self._tickets.pop(permit.number, None)
        if ticket is None:
            return
        claims, window, share = permit.claims, self.ledger.budget.window, self.ledger.settings.share
        remaining = left if ticket.live and claims.account_claim is not None else None
        done = Settlement(ticket.name, claims, at, extra, opens, code, window, remaining, ticket.bound, share)
        self.store.settle(done, lambda calls: self.reporter.foreign(claims.endpoint_gate, calls))

    def release(self, permit: Permit) -> None:
        """Tell the store that the call was never sent."""
        ticket = self._tickets.pop(permit.number, None)
        if ticket is not None:
            self.store.release(ticket.name, permit.claims)

    async def borrow_clock(self) -> bool:
        """Take over another process' finding about the exchange's clock; False if there is no recent one."""
        try:
            found = await self.store.read_clock()
        except StoreUnavailable:
            return False  # the next call that asks for quota reports it
        if found is None:
            return False
        offset, age = found
        now = self.clock.monotonic()
        self.clock.set_from(now + offset, now, now)
        self.clock.synced_at = now - age
        return True

    def lend_clock(self) -> None:
        """Tell the other processes what this one has found out."""
        if self.clock.synced_at is not None:
            self.store.tell_clock(self.clock.offset, self.clock.synced_at)

    async def _ask(self, permit: Permit, max_lifetime_ms: float, now: float) -> Granted | Later | Spent:
        if self.outage.may_have_been_used_alone(now):
            await self.store.invalidate_history(NOTICE)
        name, budget = self._new_name(), self.ledger.budget
        lives = max(STALL, VALIDITY + max_lifetime_ms)
        ask = Ask(name, permit.claims, lives, self.ledger.settings.share, budget.limit, budget.window)
        try:
            answer = await self.store.reserve(ask)
        except StoreUnavailable as error:
            if not error.is_lasting:
                self.store.release(name, permit.claims)  # it may have been granted before the answer was lost
            raise
        if isinstance(answer, Granted):
            self._tickets[permit.number] = Ticket(name, answer.bound, answer.live)
        return answer

    def _alone(self, permit: Permit, now: float, error: StoreUnavailable | None = None) -> NotUntil | None:
        """The answer without the store; a call that may leave gets a ticket, so that the store hears of it later."""
        refusal = self.outage.refusal(permit, now, error)
        if refusal is None:
            self._tickets[permit.number] = Ticket(self._new_name(), permit.baseline)
        return refusal

    def _new_name(self) -> str:
        return f"{self._process}:{next(self._numbers)}"

    def _lost(self, error: StoreUnavailable) -> None:
        if self.outage.begin(self.clock.monotonic(), error.is_lasting):
            policy = self.outage.policy
            warn("the quota store is away (%s); on_store_failure=%s", error, policy)
            self.reporter.emit(events.StoreLost(self.reporter.now(), str(error), policy))

    def _found(self) -> None:
        away = self.outage.end(self.clock.monotonic())
        if away is not None:
            self.ledger.store_refusals.allow_now()
            warn("the quota store is back after %.1f s", away / 1000.0)
            self.reporter.emit(events.StoreFound(self.reporter.now(), away / 1000.0))
