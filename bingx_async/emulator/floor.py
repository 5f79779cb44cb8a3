"""The trading floor: the market, the money and the orders of one exchange, and a desk for each request."""

from __future__ import annotations

from itertools import count

from bingx_async.emulator.endpoints.desk import Desk, Listings
from bingx_async.emulator.market.prices import Prices
from bingx_async.emulator.settings import Account, EmulatorSettings
from bingx_async.emulator.trading.agenda import Agenda
from bingx_async.emulator.trading.book import Book, Books
from bingx_async.emulator.trading.engine import Engine
from bingx_async.emulator.trading.ledger import Ledger
from bingx_async.emulator.trading.timeline import Timeline

FIRST_ORDER_ID = 1_842_700_000_000_000_001  # odd and above 2**53: a float loses its last digit
EXACT = 60  # digits: sums and products of money are exact


class Floor:
    """See the module. The keys of one account share its book; the first of them has the balances."""

    def __init__(self, settings: EmulatorSettings) -> None:
        owners = {each.account: each for each in reversed(settings.accounts)}
        self.listings = Listings(settings.market.all_listings(), settings.symbols)
        self.books = Books({account: Book(account) for account in owners})
        self.ledger = Ledger(
            {account: each.balances for account, each in owners.items() if each.balances is not None},
            {account: each.balance for account, each in owners.items() if each.balance is not None},
        )
        prices, ids = Prices(settings.market), count(FIRST_ORDER_ID, 2)
        self.engine = Engine(self.listings.get, prices, self.books, self.ledger, settings.variants, ids)
        self.timeline = Timeline(self.engine)
        self.agenda = Agenda(self.timeline.advance)
        self.listen_keys: dict[str, tuple[str, int]] = {}

    def desk(self, time: int, path: str, account: Account | None) -> Desk:
        """A desk for a request at `time`, after everything that happens until then."""
        self.agenda.play(time)
        book = Book() if account is None else self.books[account.account]
        return Desk(book, time, path, account, self.engine, self.timeline, self.listings, self.listen_keys)
