"""The record that a server keeps of the requests it got and of the bytes it sent."""

from __future__ import annotations

from attrs import define, field, frozen


@frozen
class Arrival:
    """A request that arrived whole."""

    number: int
    is_executed: bool
    signature: str = ""


@define(eq=False)
class Record:
    """Written in the server's thread, read in the client's; `is_armed` the other way round."""

    is_armed: bool = False
    is_played: bool = False  # the last fault to its end: every byte is sent, the connection closed if it is to be
    begun: int = 0  # requests of which a byte has come while the fault was armed
    connections: int = 0
    sent: bytearray = field(factory=bytearray)  # plain bytes of the replies while the fault was armed
    arrived: list[Arrival] = field(factory=list[Arrival])

    def executed(self, number: int) -> int:
        """How often the request for `number` was executed."""
        return sum(each.is_executed for each in self.arrived if each.number == number)
