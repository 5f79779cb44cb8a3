"""The carrier by which a client's parameters travel."""

from __future__ import annotations

from attrs import define, field

from bingx_async.core.events import CarrierChosen
from bingx_async.core.signing import Carrier
from bingx_async.runtime.governor.reporter import Reporter
from bingx_async.runtime.logs import inform


@define(eq=False)
class CarrierChoice:
    """The carrier in use; under `auto` the first signed replies decide, for the life of the client."""

    current: Carrier
    is_settled: bool
    reporter: Reporter = field(repr=False)

    @classmethod
    def of(cls, name: str, reporter: Reporter) -> CarrierChoice:
        """From `auto` or a carrier's name."""
        is_auto = name == "auto"
        return cls(Carrier.JSON if is_auto else Carrier(name), not is_auto, reporter)

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

    def settle(self, carrier: Carrier, how: str) -> None:
        """A signed call was understood by `carrier`: keep it for good."""
        if self.is_settled:
            return
        self.current, self.is_settled = carrier, True
        reason = f"the first signed call was {how}"
        inform("parameters travel by %s: %s", carrier.value, reason)
        self.reporter.emit(CarrierChosen(self.reporter.now(), carrier.value, reason))
