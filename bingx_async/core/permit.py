"""A ledger's two answers: a permit for one call, or the moment before which no call can leave."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from bingx_async.core.account_bucket import AccountBucket
from bingx_async.core.bucket import Bucket
from bingx_async.core.claims import Claims, Key


@frozen
class NotUntil:
    """No call can leave before `ready_at` (infinity: not before a reply comes in), because of `key`."""

    ready_at: float
    key: Key


class Permit(NamedTuple):
    """One call may leave now. Its ledger ends it once, by `settle` or `release`; ending it again does nothing.

    `number` is its own in this ledger. `buckets` are those of `claims.all`, in the same order; `account_bucket` is
    the account's among them, None for a public call. `probes` are the closed scopes into which this call goes first.

    `baseline` tells which calls on the account are ours: the number of tokens that were live in its bucket at this
    grant, less the number of grants until then. Add the bucket's grants at any later moment, and the sum is the calls
    that were live at this grant plus all granted since. The exchange cannot have counted more of our calls within one
    window around this one, so whatever it counts beyond that sum comes from another program.
    """

    number: int
    claims: Claims
    buckets: tuple[Bucket, ...]
    account_bucket: AccountBucket | None
    granted_at: float
    probes: tuple[Key, ...]
    baseline: int

    def __repr__(self) -> str:
        return f"Permit({self.number}, {self.claims.route}, granted at {self.granted_at:g})"
