"""All that is listened to in one event loop by a family of clients: the market, and each account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from attrs import frozen

from bingx_async.core.channel import Channel
from bingx_async.core.sink import Listening, Sink
from bingx_async.errors import BingXError
from bingx_async.runtime.stream.account import Account
from bingx_async.runtime.stream.listen_keys import KeyCalls
from bingx_async.runtime.stream.market import Market
from bingx_async.runtime.stream.parts import Parts
from bingx_async.runtime.stream.source import Source, leave, listening

Topics = Mapping[str, Channel[Any]]


@frozen(eq=False)
class Listened:
    """What one listener of `client` hears, by source."""

    client: object
    sink: Sink
    topics: Mapping[Source, Topics]

    def restart(self, topic: str) -> None:
        """Give the topic up and subscribe to it again, on the same socket."""
        for source, topics in self.topics.items():
            if topic in topics:
                source.restart(topic)


class Hub:
    """See the module."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._market = parts, Market(parts)
        self._accounts: dict[str, Account] = {}
        self._listened: list[Listened] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing listens."""
        return not self._listened

    @asynccontextmanager
    async def listen(
        self, client: object, topics: Topics, sink: Sink, owner: str, calls: KeyCalls
    ) -> AsyncGenerator[Listening]:
        """Let `sink` have the messages of the topics; those of the account `owner` with keys that `calls` make."""
        account = self._accounts.setdefault(owner, Account(self._parts))
        of_account = {name: channel for name, channel in topics.items() if channel.is_user}
        of_market = {name: channel for name, channel in topics.items() if not channel.is_user}
        split: dict[Source, Topics] = {self._market: of_market, account: of_account}
        listened = Listened(client, sink, {source: some for source, some in split.items() if some})
        self._listened.append(listened)
        if of_account:
            account.admit(calls)
        try:
            async with AsyncExitStack() as stack:
                for source, some in listened.topics.items():
                    await stack.enter_async_context(listening(source, some, sink))
                yield listened
        finally:
            if of_account:
                account.dismiss(calls)
            self._listened.remove(listened)

    async def end(self, clients: Container[object], error: BingXError) -> None:
        """Nothing comes any more for these clients: tell them, and close the sockets that are not needed."""
        ended = [each for each in self._listened if each.client in clients]
        for each in ended:
            for source in each.topics:
                source.board.fail(each.sink, error)
        for each in ended:
            for source, topics in each.topics.items():
                await leave(source, topics, each.sink)

    async def rotate(self, owner: str) -> None:
        """Move an account to another listen key and socket."""
        if owner in self._accounts:
            await self._accounts[owner].rotation.rotate()
