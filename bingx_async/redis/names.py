"""Names of the keys in Redis. All of a namespace share one hash tag, so that a cluster keeps them on one node.

Sizes: a bucket in use has two sorted sets (`expiries` and `in_flight`, together at most `limit` members of about 100
bytes) and a hash of four fields (`state`); a closed scope has a hash of five (`gate`); an endpoint that creates orders
and had errors has a sorted set of a few dozen members at most (`errors`). `history` and `clock` are one string each.
Every key expires by itself.
"""

from __future__ import annotations

from attrs import frozen

from bingx_async.core.claims import Claims, Key


@frozen
class Names:
    """Keys of one namespace."""

    namespace: str

    def of(self, kind: str, key: Key | None = None) -> str:
        """`history`, `clock` or `channel`; with a `key` also `gate`, `errors`, `expiries`, `in_flight` or `state`."""
        owner = f":{key.kind}:{key.owner}:{key.name}" if key is not None else ""
        return f"bingx:{{{self.namespace}}}:{kind}{owner}"

    def gates(self, claims: Claims) -> list[str]:
        """The gates of the endpoint and of the egress."""
        return [self.of("gate", key) for key in claims.gates]

    def buckets(self, claims: Claims, *kinds: str) -> list[str]:
        """The keys of every claim, claim by claim."""
        return [self.of(kind, claim.key) for claim in claims.all for kind in kinds]
