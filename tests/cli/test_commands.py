"""The other commands: emulator, quotas, clock, and the message without the extra."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bingx_async import PROFILES, __version__
from bingx_async.catalogue import CATALOGUE
from bingx_async.core.recording import Frame
from bingx_async.spot.base import LIMITS
from bingx_async.spot.market import LIST_BOOK_TICKERS
from tests.cli.running import DISCARD, environment, invoke, run, start
from tests.emulator.recorded import best, write


@pytest.fixture
def program() -> Iterator[dict[str, Any]]:
    process = start("emulator", "--latency-ms", "1")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_greets_with_json_and_ends_cleanly(end: signal.Signals) -> None:
    """The first line is JSON with the address and its own keys; Ctrl-C and SIGTERM end it with 0 and in silence."""
    process = start("emulator")
    assert process.stdout is not None
    greeting = json.loads(process.stdout.readline())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", greeting["url"])
    assert [each["account"] for each in greeting["accounts"]] == ["1001", "1002", "1003"]
    assert greeting["stream_url"] == greeting["url"].replace("http", "ws") + "/market"
    assert greeting["accounts"][0] == {"account": "1001", "api_key": "emulator-key-1001"} | {
        "secret_key": "emulator-secret-1001"
    }
    assert (greeting["api_key"], greeting["secret_key"]) == ("emulator-key-1001", "emulator-secret-1001")
    process.send_signal(end)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_the_emulator_keeps_keys_it_was_given_to_itself() -> None:
    """With keys in the environment only these are valid, and the output holds neither."""
    process = start("emulator", BINGX_API_KEY="my-key", BINGX_SECRET_KEY="my-secret")
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    assert "my-key" not in line + process.communicate(timeout=10)[0]
    assert "my-secret" not in line
    greeting = json.loads(line)
    assert greeting["accounts"] == [{"account": "1001"}]
    assert (greeting["api_key"], greeting["secret_key"]) == (None, None)


def test_an_emulator_plays_a_recording(tmp_path: Path) -> None:
    """`--market FILE` serves the recorded prices; another file is refused with what can be written."""
    path = write(tmp_path / "prices.jsonl", [Frame(0.0, 1, best("60000", "1", "60001", "2"))])
    process = start("emulator", "--market", str(path))
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    told = httpx.get(f"{url}{LIST_BOOK_TICKERS.path}", params={"symbol": "BTC-USDT"}, trust_env=False).json()
    process.terminate()
    process.communicate(timeout=10)
    assert (told["data"][0]["bidPrice"], told["data"][0]["askPrice"]) == ("60000", "60001")
    (tmp_path / "other").write_text("{}")
    result = invoke("emulator", "--market", str(tmp_path / "other"))
    assert result.exit_code == 2
    assert "is no recording of streams" in result.stderr
    assert "(or write one of walk, quiet, live)" in " ".join(result.stderr.split())


def test_half_a_pair_of_keys_is_refused() -> None:
    """The message names the variable that is missing."""
    result = invoke("emulator", BINGX_API_KEY="my-key")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: BINGX_SECRET_KEY is missing; set both BINGX_API_KEY and BINGX_SECRET_KEY or neither\n"
    )


def test_a_port_in_use_is_told_in_one_line(program: dict[str, Any]) -> None:
    """A second emulator on the same port exits with 1."""
    port = program["url"].rpartition(":")[2]
    result = invoke("emulator", "--port", port)
    assert (result.exit_code, result.stderr) == (1, f"Error: port {port} cannot be used: Address already in use\n")


ACCOUNTS = ("cancel_order 5/s 3 [1]", "cancel_orders 2/s 3 [1]", "cancel_oco_order 2/s 2 [1]", "server_time – 1")
ADDRESSES = (
    "1, market – 500/10 s and 1000/60 s [4]",
    "2, account 300/10 s 2000/10 s [4]",
    "3, trade 300/10 s 2000/10 s [4]",
)


def test_quotas_in_80_columns() -> None:
    """Every endpoint by the name of its method, then the groups, then the sources; no line is longer, none is cut."""
    result = invoke("quotas", COLUMNS="80")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    listed = [line.partition(" ")[0] for line in lines]
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert [each for each in (*ACCOUNTS, *ADDRESSES) if each not in lines] == []
    assert [endpoint.name for endpoint in CATALOGUE if listed.count(endpoint.name) != 1] == []
    assert ("…" in result.stdout, "/openApi/" in result.stdout) == (False, False)


def test_quotas_in_140_columns() -> None:
    """With room to spare each endpoint shows its method and its path, in a pipe as well as in a wide terminal."""
    result = invoke("quotas", COLUMNS="140")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    shown = [f"{endpoint.name} {endpoint.route} " for endpoint in CATALOGUE]
    assert [each for each in shown if not any(line.startswith(each) for line in lines)] == []
    assert [each for each in ADDRESSES if each not in lines] == []
    assert run("quotas").stdout == result.stdout


@pytest.mark.parametrize("profile", PROFILES)
def test_every_quota_names_its_source(profile: str) -> None:
    """Each number of the tables points to a line below, which is the URL of a public page, whole."""
    found = json.loads(invoke("quotas", "--json", "--profile", profile).stdout)["endpoints"]
    quotas = [quota for each in found for quota in (each["uid"], each["interface"], *each["group_quotas"]) if quota]
    sources = dict.fromkeys(quota["source"] for quota in quotas)
    output = invoke("quotas", "--profile", profile, COLUMNS="80").stdout.splitlines()
    notes = {line.partition(" ")[2] for line in output if re.match(r"\[\d+\] ", line)}
    assert notes == set(sources)
    assert all(source.startswith("https://") for source in sources)


def test_quotas_as_json() -> None:
    """The same for programs, in any profile."""
    result = invoke("quotas", "--json", "--profile", "trader")
    found = json.loads(result.stdout)
    assert found["profile"] == "trader"
    first = found["endpoints"][0]
    assert list(first) == ["name", "method", "path", "uid", "interface", "group", "group_quotas"]
    assert [f"{each['name']} {each['method']} {each['path']}" for each in found["endpoints"]] == [
        f"{endpoint.name} {endpoint.route}" for endpoint in CATALOGUE
    ]
    assert (first["name"], first["group"]) == ("cancel_order", 3)
    assert first["uid"] == {"limit": 1, "window": 1.0, "source": LIMITS}
    assert first["interface"]["limit"] == 300
    market = next(each for each in found["endpoints"] if each["group"] == 1)
    assert [each["limit"] for each in market["group_quotas"]] == [500, 1000]
    assert market["uid"] is None
    unlimited = json.loads(invoke("quotas", "--json", "--profile", "unlimited").stdout)
    assert {str(each["uid"]) for each in unlimited["endpoints"]} == {"None"}


def test_the_clock_is_read_from_the_address_given(program: dict[str, Any]) -> None:
    """Offset and round trip; the emulator shares this machine's clock."""
    for arguments, environ in ((("--base-url", program["url"]), {}), ((), {"BINGX_BASE_URL": program["url"]})):
        result = invoke("clock", *arguments, **environ)
        assert (result.exit_code, result.stderr) == (0, "")
        first, second = result.stdout.splitlines()
        offset = re.fullmatch(r"this machine's clock is ([0-9.]+) ms (behind|ahead of) the exchange's", first)
        trip = re.fullmatch(r"round trip ([0-9.]+) ms, the best of 3", second)
        assert offset is not None
        assert trip is not None
        assert float(offset[1]) <= float(trip[1]) / 2 + 1.5


def test_a_clock_that_does_not_answer_is_one_line() -> None:
    """No connection: one line that says so, exit code 1."""
    done = run("clock", "--base-url", DISCARD)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: the exchange's clock could not be read \(.*nothing was sent\)\n", done.stderr)


def test_an_address_that_cannot_be_right_is_one_line() -> None:
    """Plain http to a strange host is refused with what to write."""
    result = invoke("clock", "--base-url", "http://example.com")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: base_url='http://example.com': plain http is only for a loopback address; write https\n"
    )


@pytest.mark.parametrize("missing", ["click", "rich", "uvicorn"])
def test_without_the_extra_one_line_says_what_to_install(missing: str) -> None:
    """No traceback: the line names the extra, and the exit code is 2."""
    blocked = f"import sys; sys.modules[{missing!r}] = None; from bingx_async.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "demo"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'bingx-async needs {missing}: pip install "bingx_async[demo]"\n'


def test_the_version() -> None:
    """`--version` names program and version."""
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"bingx-async, version {__version__}\n")


def test_help_lists_every_command() -> None:
    """Called without anything, the commands are listed."""
    text = invoke("--help").stdout
    listed = text.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == [
        "balances",
        "cancel",
        "cancel-all",
        "clock",
        "demo",
        "doctor",
        "emulator",
        "klines",
        "orders",
        "place",
        "quotas",
        "watch",
    ]
