"""`bingx-async demo`, run for real: real sockets, real time."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, environment, run, start

ACCOUNTS = {"1001", "1002", "1003"}
SHARE, FILL = re.compile(rb"\d\d\.\d%").search, re.compile(rb"bought|sold").search
SHORT = ("demo", "--seconds", "8")
MONEY = (
    "ok      balances conserved to the last digit: those of each account are its deposit, changed by its fills alone"
)
REFUSED = "ok      0 calls refused beyond the provoked one (1 provoked)"


def test_in_a_pipe_every_promise_is_kept_and_told_in_plain_lines(tmp_path: Path) -> None:
    """Without a terminal the demo prints progress, events and a report, saves the picture and exits with 0.

    What the environment says about keys and hosts does not matter to it.
    """
    picture = tmp_path / "last.svg"
    strange = {"BINGX_API_KEY": "mine", "BINGX_BASE_URL": "http://nowhere.example"}
    done = run(*SHORT, "--svg", str(picture), **strange)
    if (
        "quotas" in done.stdout.partition("FAILED")[2]
    ):  # a machine that stalled for other work: refusals are not excused
        assert REFUSED in done.stdout
        done = run(*SHORT, "--svg", str(picture), **strange)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert [mark for line in lines for mark in "✖▸✔" if mark in line] == ["✖", "▸", "✔"]
    assert sum(line.startswith("ok  ") for line in lines) == 6
    assert REFUSED in lines
    assert "ok      the closed endpoint was left alone until its moment" in lines
    assert MONEY in lines
    assert sum(line.startswith(("1001", "1002", "1003")) for line in lines) == 18
    seconds = [line for line in lines if "calls accepted" in line]
    assert len(seconds) in (7, 8)
    assert all(re.search(r" \d+ fills  [\d,]+\.\d\d USDT  [\d.]{7} BTC$", line) for line in seconds)
    assert re.search(r"[1-9]\d+ orders and \d+ OCO orders placed; [1-9]\d* fills, fees .* BTC and .* USDT", done.stdout)
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert "every&#160;promise&#160;kept" in drawn
    assert "mine" not in done.stdout


def test_ctrl_c_leaves_nothing_behind_but_one_line() -> None:
    """SIGINT in the middle of the load, however often, ends the demo with exit code 130, one line and no traceback."""
    process = start(*SHORT)
    assert process.stdout is not None
    # On a busy machine the line of the second second may come a little later.
    assert any(re.match(r" +[2-5]\.\d s +\d+ calls accepted", line) for line in process.stdout)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == "interrupted: everything is closed\n"
    assert "Traceback" not in out


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """`demo | head -1`: once nothing reads its output any more, the demo ends without a traceback."""
    process = start(*SHORT)
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    process.stdout.close()
    assert (process.wait(timeout=10), process.stderr.read()) == (1, "")
    process.stderr.close()
    assert first.startswith("bingx-async demo: three accounts")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
def test_a_terminal_shows_the_table() -> None:
    """In a terminal the buckets of all accounts are drawn as a table, with a title, a legend and a panel of fills and
    balances; a token in flight has a shape of its own. Ctrl-C gives the cursor back."""
    out, code = _in_a_terminal(120, 50)
    assert code == 130
    assert {each for each in ACCOUNTS if f"{each}  \x1b[0mcancel_orders" in out} == ACCOUNTS
    plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out)
    for text in ("never refused, never idle", "closed for", "◆ in flight", "● spent", "○ free", "fills and balances"):
        assert text in plain
    assert re.search(r"100[1-3] +[1-9]\d* fills +(bought|sold) 0\.\d+ at .* locked", plain)
    assert re.search(r"\d\d\.\d%", plain)
    assert out.rindex("\x1b[?25h") > out.rindex("\x1b[?25l")
    assert "Traceback" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
def test_a_small_ascii_terminal_shows_one_account() -> None:
    """On 80 columns and 24 lines there are the title, one account's buckets, the legend and a line of fills and
    balances, none of it cut off; with an encoding that has no bullets other characters stand for them."""
    out, code = _in_a_terminal(80, 24, PYTHONIOENCODING="ascii")
    assert (code, out.isascii()) == (130, True)
    frame = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out.rpartition(" bingx-async")[2])
    lines = frame.replace("\r", "").splitlines()
    assert lines[0] == " - never refused, never idle"
    assert {each for each in ACCOUNTS if f"{each}  cancel_orders" in frame} == {"1002"}
    assert any(line.startswith(" free: tokens left - in flight: not answered yet") for line in lines)
    assert any(re.match(r" \d+ fills - [\d,.]+ USDT - [\d.]+ BTC - (bought|sold) ", line) for line in lines)
    assert max(map(len, lines)) <= 80
    assert len(lines) < 24
    assert "Traceback" not in out


def _in_a_terminal(columns: int, lines: int, **more: str) -> tuple[str, int]:
    """The output of about two seconds of the demo in a terminal of that size, up to Ctrl-C; and the exit code."""
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    shape = environment(COLUMNS=str(columns), LINES=str(lines), TERM="xterm-256color", **more)
    process = subprocess.Popen([*COMMAND, *SHORT], stdin=theirs, stdout=theirs, stderr=theirs, env=shape)
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if b"cancel_orders" in written and SHARE(written) and FILL(written) and process.poll() is None:
            process.send_signal(signal.SIGINT)
            written += _rest(ours)
            break
    os.close(ours)
    return written.decode(errors="replace"), process.wait(timeout=10)


def _rest(terminal: int) -> bytes:
    rest = b""
    try:
        while chunk := os.read(terminal, 65536):
            rest += chunk
    except OSError:
        pass
    return rest


def test_a_picture_that_cannot_be_written_is_refused_before_the_run() -> None:
    """`--svg` into a directory that is not there fails at once, in one line."""
    done = run("demo", "--svg", "/no/such/place/demo.svg")
    assert done.returncode == 2
    assert "cannot write to the directory '/no/such/place'" in done.stderr
