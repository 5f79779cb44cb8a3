"""Keys, and the carrier by which a client's parameters travel."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen

from bingx_async.core.signing import Carrier, Signer


@frozen
class Credentials:
    """A key and the signer of its secret; the repr shows neither."""

    headers: Mapping[str, list[tuple[bytes, bytes]]] = field(repr=False)  # by content type
    signer: Signer = field(repr=False)

    @classmethod
    def of(cls, api_key: str, secret_key: str, public: list[tuple[bytes, bytes]]) -> Credentials:
        """Lay the headers out once, so that no key is ever a local of a frame that can fail."""
        types = ("", "application/json", "application/x-www-form-urlencoded")
        return cls(
            {
                kind: [
                    *public,
                    (b"X-BX-APIKEY", api_key.encode()),
                    *([(b"Content-Type", kind.encode())] if kind else []),
                ]
                for kind in types
            },
            Signer(secret_key),
        )


@define
class CarrierChoice:
    """Which carrier is used; under `auto` the first signed replies decide, for the life of the client."""

    current: Carrier
    is_settled: bool

    @classmethod
    def of(cls, name: str) -> CarrierChoice:
        """From `auto` or a carrier's name."""
        return cls(Carrier.JSON, False) if name == "auto" else cls(Carrier(name), True)

    def forget(self) -> None:
        """Neither carrier was understood, so nothing has been learnt."""
        if not self.is_settled:
            self.current = Carrier.JSON

    def settle(self, carrier: Carrier) -> bool:
        """A signed call was understood by `carrier`: keep it. Whether that was news."""
        if self.is_settled:
            return False
        self.current, self.is_settled = carrier, True
        return True
