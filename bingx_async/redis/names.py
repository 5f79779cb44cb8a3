"""Names of keys. All of a namespace share one hash tag, so that a script may touch them all in a cluster.

Sizes: a bucket in use has two sorted sets (returns, flights; together at most `limit` members of about 100 bytes)
and a hash of three fields; a closed scope has a hash of five; an endpoint that creates orders and had errors has a
sorted set of at most a few dozen. Everything expires by itself.
"""

from __future__ import annotations

from attrs import frozen

from bingx_async.core.claims import Claims, Key


@frozen
class Names:
    """Keys of one namespace."""

    namespace: str

    def of(self, kind: str, key: Key | None = None) -> str:
        """`birth`, `gate`, `errors`, `returns`, `flights`, `meta` or `channel`."""
        where = f":{key.kind}:{key.owner}:{key.name}" if key is not None else ""
        return f"bingx:{{{self.namespace}}}:{kind}{where}"

    def gates(self, claims: Claims) -> list[str]:
        """The endpoint's and the egress'."""
        return [self.of("gate", key) for key in claims.gates]

    def buckets(self, claims: Claims, *kinds: str) -> list[str]:
        """The keys of every claim, claim by claim."""
        return [self.of(kind, claim.key) for claim in claims.all for kind in kinds]
