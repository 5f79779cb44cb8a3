"""Orders, fills and OCO pairs of one account.

Rules: prices and quantities keep the text in which they were ordered; amounts that grow are `Decimal`. An order that
sets money aside points to a `Hold`; the legs of an OCO pair share one.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import Factory, define, field, frozen

ZERO = Decimal(0)
OPEN = frozenset(("NEW", "PENDING", "PARTIALLY_FILLED"))
CONDITIONAL = frozenset(("TAKE_STOP_LIMIT", "TAKE_STOP_MARKET", "TRIGGER_LIMIT", "TRIGGER_MARKET"))


@define
class Order:
    """One order of `trade/*`, or a leg of an OCO pair.

    `quantity` is in the base asset, `quote_quantity` in the quote asset for orders by amount. `executed` and `spent`
    are the filled quantity and its value, `fee` was paid in `fee_asset`. `fires`: the side of `stop_price` on which a
    conditional order is triggered, "up" or "down", empty if it does not wait. `ahead`: the quantity of others
    before it at its price, where the public market tells.
    """

    order_id: int
    symbol: str
    side: str
    price: str
    quantity: str
    type: str = "LIMIT"
    status: str = "NEW"
    client_order_id: str = ""
    quote_quantity: str = "0"
    stop_price: str = "0"
    time_in_force: str = "GTC"
    placed_at: int = 0
    updated_at: int = 0
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    fee: Decimal = ZERO
    fires: str = ""
    ahead: Decimal | None = field(default=None, repr=False, eq=False)
    account: str = ""
    hold: Hold | None = field(default=None, repr=False, eq=False)
    pair: OcoPair | None = field(default=None, repr=False, eq=False)

    @property
    def base(self) -> str:
        """The asset that is bought and sold."""
        return self.symbol.rpartition("-")[0]

    @property
    def quote(self) -> str:
        """The asset in which prices are."""
        return self.symbol.rpartition("-")[2]

    @property
    def spent_asset(self) -> str:
        """The asset that the order gives away."""
        return self.quote if self.side == "BUY" else self.base

    @property
    def fee_asset(self) -> str:
        """The asset that it receives, of which the fee is taken."""
        return self.base if self.side == "BUY" else self.quote

    @property
    def executed_quantity(self) -> str:
        """The filled quantity as a text."""
        return format(self.executed, "f")

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return self.status in OPEN

    @property
    def is_conditional(self) -> bool:
        """Whether it waits, or waited, for a price."""
        return self.type in CONDITIONAL or self.type == "ocoTps"

    @property
    def has_limit(self) -> bool:
        """Whether it has a limit price."""
        return not self.type.endswith("MARKET")

    @property
    def is_by_amount(self) -> bool:
        """Whether it was ordered in the quote asset alone."""
        return Decimal(self.quantity) == 0

    @property
    def remaining(self) -> Decimal:
        """The quantity that is not filled; nothing for an order by amount."""
        return max(Decimal(self.quantity) - self.executed, ZERO)

    @property
    def need(self) -> Decimal:
        """The amount of `spent_asset` that it has to set aside while it is open."""
        if self.is_by_amount:
            return max(Decimal(self.quote_quantity) - self.spent, ZERO)
        return self.remaining * Decimal(self.price) if self.side == "BUY" else self.remaining


@define(eq=False)
class Hold:
    """An amount of an asset that is set aside for orders, which own it together."""

    asset: str
    amount: Decimal = ZERO
    owners: list[Order] = Factory(list[Order])

    @property
    def needed(self) -> Decimal:
        """The need of the dearest owner that is open."""
        return max((order.need for order in self.owners if order.is_open), default=ZERO)


@frozen
class Fill:
    """One trade of an order. `fee` is in `fee_asset`, positive."""

    fill_id: int
    order: Order = field(repr=False, eq=False)
    price: Decimal
    quantity: Decimal
    fee: Decimal
    is_maker: bool
    time: int

    @property
    def value(self) -> Decimal:
        """The price of all of it, in the quote asset."""
        return self.price * self.quantity


@define(eq=False)
class OcoPair:
    """A limit leg and a stop-limit leg; the end of either, or its first fill, ends the other.

    `list_id` is the exchange's, `list_client_id` the one given.
    """

    list_id: str
    list_client_id: str
    symbol: str
    side: str
    quantity: str
    placed_at: int
    legs: tuple[Order, Order]

    @property
    def is_open(self) -> bool:
        """Whether a leg is open."""
        return any(leg.is_open for leg in self.legs)

    @property
    def names(self) -> tuple[str, ...]:
        """Every order id and client id of the legs."""
        return tuple(name for leg in self.legs for name in (str(leg.order_id), leg.client_order_id) if name)
