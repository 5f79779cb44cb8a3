"""`bingx-async quotas --observe` against the emulator over real sockets."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bingx_async.emulator import Answer, Fault
from bingx_async.emulator.limits import Model
from tests.cli.running import Served, invoke, served, start

MODELS: tuple[Model, ...] = ("sliding", "fixed-first")
Observed = dict[Model, tuple[Served, int, str, str]]


@pytest.fixture(scope="module")
def observed() -> Iterator[Observed]:
    """Exit code and output for each way of counting; the programs run at the same time."""
    with ExitStack() as stack:
        halls = {model: stack.enter_context(served(model=model)) for model in MODELS}
        programs = {model: start("quotas", "--observe", **hall.environ) for model, hall in halls.items()}
        said = {model: program.communicate(timeout=60) for model, program in programs.items()}
        yield {model: (halls[model], programs[model].returncode, *said[model]) for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_the_way_of_counting_is_named(model: Model, observed: Observed) -> None:
    """The emulator's way of counting is among those named, and another is not; no call is refused."""
    hall, code, out, err = observed[model]
    named = out.rpartition(": ")[2].split(" or ")
    assert (code, err) == (0, "")
    assert out.startswith("16 calls; the exchange counts cancel_orders by: ")
    assert model in [name.strip() for name in named]
    assert len(named) < 4
    assert (hall.emulator.stats().refused, set(hall.emulator.stats().codes)) == (0, {0})


def test_no_keys() -> None:
    """Without keys one line says which are missing."""
    result = invoke("quotas", "--observe")
    assert (result.exit_code, result.output) == (
        1,
        "Error: set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent\n",
    )


def test_an_error_ends_it() -> None:
    """The first refusal of several calls under way is told in one line, and the others are given up."""
    refused = Answer(json.dumps({"code": 100001, "msg": "Signature verification failed"}).encode())
    with served() as exchange, exchange.struck_by(Fault(refused, endpoint="cancel_orders")):
        result = exchange("quotas", "--observe")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(": code 100001: Signature verification failed\n")
    assert result.stderr.count("\n") == 1
