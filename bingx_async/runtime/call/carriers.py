"""The carrier by which a client's parameters travel."""

from __future__ import annotations

from attrs import define

from bingx_async.core.signing import Carrier


@define(eq=False)
class CarrierChoice:
    """The carrier in use; under `auto` the first signed replies decide, for the life of the client."""

    current: Carrier
    is_settled: bool

    @classmethod
    def of(cls, name: str) -> CarrierChoice:
        """From `auto` or a carrier's name."""
        return cls(Carrier.JSON, False) if name == "auto" else cls(Carrier(name), True)

    def switch_from(self, carrier: Carrier) -> bool:
        """`carrier` was not understood: turn to another one. Whether there is another one to try."""
        if self.is_settled:
            return self.current is not carrier  # another call has settled it meanwhile
        self.current = Carrier.QUERY
        return True

    def forget(self) -> None:
        """No carrier was understood, so nothing has been learnt."""
        if not self.is_settled:
            self.current = Carrier.JSON

    def settle(self, carrier: Carrier) -> bool:
        """A signed call was understood by `carrier`: keep it. Whether that was news."""
        if self.is_settled:
            return False
        self.current, self.is_settled = carrier, True
        return True
