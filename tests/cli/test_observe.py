"""`bingx-async quotas --observe` against the emulator over real sockets."""

import anyio.to_thread
import pytest
from click.testing import CliRunner

from bingx_async.commands.quotas import quotas
from bingx_async.emulator import Emulator
from bingx_async.emulator.limits import Model

KEYS = {"BINGX_API_KEY": "emulator-key-1001", "BINGX_SECRET_KEY": "emulator-secret-1001"}


@pytest.mark.parametrize("model", ["sliding", "fixed-first"])
async def test_the_way_of_counting_is_named(model: Model) -> None:
    """The emulator's way of counting is among those named, and another is not; no call is refused."""
    emulator = Emulator(model=model)
    async with emulator.serve() as server:
        env = {**KEYS, "BINGX_BASE_URL": server.url}
        result = await anyio.to_thread.run_sync(lambda: CliRunner(env=env).invoke(quotas, ["--observe"]))
    said = result.output.rpartition(": ")[2].split(" or ")
    assert result.exit_code == 0
    assert model in [name.strip() for name in said]
    assert len(said) < 4
    assert (emulator.stats().refused, set(emulator.stats().codes)) == (0, {0})


def test_no_keys() -> None:
    """Without keys one line says which are missing."""
    result = CliRunner(env={"BINGX_API_KEY": "", "BINGX_SECRET_KEY": ""}).invoke(quotas, ["--observe"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent\n",
    )
