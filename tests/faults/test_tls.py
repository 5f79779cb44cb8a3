"""Faults of TLS, against every kind of call on every transport: nothing is sent, and the error says so."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from bingx_async.errors import ConnectFailed
from tests.faults.calls import KEY, KINDS, SECRET, TARGET
from tests.faults.matrix import TRANSPORTS, attempt, client_of, staged
from tests.faults.promises import SLACK, Outcome
from tests.faults.server import Stage
from tests.faults.tls import FAULTS, Certificates, Port, listening

TIMEOUT = 1.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once: each takes a while."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The thread of the servers."""
    with staged() as made:
        yield made


def outcome_of(kind: str, transport: str, port: Port, trusted: str) -> Outcome:
    """The outcome of a call there, on a client that trusts one certificate."""

    async def main() -> Outcome:
        context = ssl.create_default_context(cafile=trusted)
        async with client_of(transport, port.url, context) as client:
            return await attempt(lambda: KINDS[kind].ask(client, TARGET, timeout=TIMEOUT))

    backend: Any = "trio" if transport == "trio" else "asyncio"
    return anyio.run(main, backend=backend)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_sent(
    fault: str, transport: str, certificates: Certificates, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte of a request leaves, the error is `ConnectFailed`, in time, and shows no secret."""
    trusted = str(certificates.trusted_for(fault))
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    monkeypatch.setattr("certifi.where", lambda: trusted)
    for kind in KINDS if fault != "silence" else ("cancel_order", "get_order"):
        started = time.monotonic()
        with listening(stage, certificates.port(fault)) as port:
            outcome = outcome_of(kind, transport, port, trusted)
            assert bytes(port.plain) == b""
        assert type(outcome.error) is ConnectFailed, outcome
        assert KEY not in str(outcome)
        assert SECRET not in str(outcome)
        assert time.monotonic() - started < TIMEOUT + SLACK


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_trusted(transport: str, certificates: Certificates, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same server without a fault is trusted and answers: the certificate alone made the difference."""
    trusted = str(certificates.trusted_for("none"))
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    monkeypatch.setattr("certifi.where", lambda: trusted)
    with listening(stage, certificates.port("none")) as port:
        outcome = outcome_of("cancel_open_orders", transport, port, trusted)
        assert (outcome.model, outcome.error) == ([], None)
        assert str(TARGET).encode() in port.plain
