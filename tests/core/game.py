"""The board of the adversary in `test_adversary`: the exchange's time, the client's clock beside it, every call.

Moments are milliseconds. What `Game` does is within the rules as long as its player keeps to them.
"""

from __future__ import annotations

from bisect import bisect_right

from bingx_async.core.claims import Claim, Claims, Key, NotUntil, Permit
from bingx_async.core.ledger import Ledger
from bingx_async.core.quota import Quota

LINGER = 1000.0  # ms within which a call given up may be counted


class Exchange:
    """Counts what arrives, bucket by bucket, in its own time."""

    def __init__(self) -> None:
        self.arrivals: dict[Key, list[float]] = {}

    def arrive(self, claims: Claims, at: float) -> None:
        for claim in claims.all:
            self.arrivals.setdefault(claim.key, []).append(at)

    def in_window(self, claim: Claim, until: float) -> int:
        """How many arrivals the window of `claim`'s quota holds that ends at `until`."""
        arrivals = self.arrivals.get(claim.key, [])
        return bisect_right(arrivals, until) - bisect_right(arrivals, until - claim.quota.window * 1000.0)


class Game:
    """The adversary's board: the exchange's time, the client's clock beside it, and every call that was granted."""

    def __init__(self, quotas: tuple[Quota, ...] = (Quota(2, 1.0),), rate: float = 1.0) -> None:
        self.ledger = Ledger()
        self.exchange = Exchange()
        self.now = 0.0  # the exchange's time
        self.clock = 0.0  # the client's
        self.rate = rate
        self.claims = [claims_of(account, quotas) for account in ("a", "b")]
        (self.own, *_), _ = (claims.all for claims in self.claims)
        self.all_claims = {claim for claims in self.claims for claim in claims.all}
        self.sent: list[Permit] = []
        self.counted: list[tuple[Permit, float]] = []  # with the moment of the reply on the client's clock, if any
        self.lingering: list[tuple[Permit, float]] = []  # given up, not counted; until when they may be
        self.ended: list[Permit] = []

    def wait(self, span: float) -> None:
        """Let `span` pass on the client's clock."""
        self.clock += span
        self.now += span / self.rate

    def wait_until_granted(self, account: int = 0) -> None:
        """Let time pass until the very moment the ledger names, if it names one."""
        answer = self.ledger.look(self.claims[account], self.clock)
        if answer is not None and answer.ready_at < float("inf"):
            span, self.clock = answer.ready_at - self.clock, answer.ready_at
            self.now += span / self.rate

    def send(self, account: int = 0) -> Permit | None:
        """Take a permit, if there is one."""
        permit = self.ledger.reserve(self.claims[account], self.clock)
        if isinstance(permit, NotUntil):
            return None
        self.sent.append(permit)
        return permit

    def arrive(self, permit: Permit) -> None:
        """The exchange counts the call."""
        self.sent.remove(permit)
        self.exchange.arrive(permit.claims, self.now)
        self.counted.append((permit, self.clock))

    def reply(self, permit: Permit) -> None:
        """Its reply is read now."""
        self.ledger.settle(permit, self.clock)
        self.ended.append(permit)

    def call(self, account: int = 0) -> Permit | None:
        """Send, count and answer in one instant."""
        permit = self.send(account)
        if permit is not None:
            self.arrive(permit)
            self.counted.pop()
            self.reply(permit)
        return permit

    def most(self) -> int:
        """By how many arrivals the fullest window that ends now exceeds its quota; 0 or less if none does."""
        return max(self.exchange.in_window(claim, self.now) - claim.quota.limit for claim in self.all_claims)


def claims_of(account: str, quotas: tuple[Quota, ...]) -> Claims:
    """A call of `account`: its own quota, then as many of the address' as are given; the last is paced."""
    own, *at_address = quotas
    names = ("POST /call", "group")
    shared = tuple(
        Claim(Key("egress", "here", name), quota, is_paced=name == "group")
        for name, quota in zip(names, at_address, strict=False)
    )
    claim = Claim(Key("account", account, "POST /call"), own, is_paced=False)
    return Claims(account, "here", "/call", "POST /call", claim, shared)
