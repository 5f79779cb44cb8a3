"""`bingx-async demo`, run for real: real sockets, real time."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, environment, run, start

SHORT = ("demo", "--seconds", "8")
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
    assert sum("calls accepted" in line for line in lines) in (7, 8)
    assert [mark for line in lines for mark in "✖▸✔" if mark in line] == ["✖", "▸", "✔"]
    assert sum(line.startswith("ok  ") for line in lines) == 5
    assert REFUSED in lines
    assert "ok      the closed endpoint was left alone until its moment" in lines
    assert sum(line.startswith(("1001", "1002", "1003")) for line in lines) == 15
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert "every&#160;promise&#160;kept" in drawn
    assert "mine" not in done.stdout


def test_ctrl_c_leaves_nothing_behind_but_one_line() -> None:
    """SIGINT in the middle of the load ends the demo with exit code 130, one line and no traceback."""
    process = start(*SHORT)
    assert process.stdout is not None
    # On a busy machine the line of the second second may come a little later.
    assert any(re.match(r" +[2-5]\.\d s +\d+ calls accepted", line) for line in process.stdout)
    process.send_signal(signal.SIGINT)
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
@pytest.mark.parametrize(("lines", "accounts"), [(24, {"1002"}), (50, {"1001", "1002", "1003"})])
def test_a_terminal_shows_the_table(lines: int, accounts: set[str]) -> None:
    """In a terminal the buckets are drawn as a table, of one account where there is no room for all; Ctrl-C
    gives the cursor back."""
    out, code = _in_a_terminal(lines)
    assert code == 130
    assert {each for each in ("1001", "1002", "1003") if f"{each}  \x1b[0mcancel_orders" in out} == accounts
    assert ("never refused, never idle" in out) == (lines == 50)
    assert "waiting" in out
    assert "closed for" in out
    assert re.search(r"\d\d\.\d%", out)
    assert out.rindex("\x1b[?25h") > out.rindex("\x1b[?25l")
    assert "Traceback" not in out


def _in_a_terminal(lines: int) -> tuple[str, int]:
    """The output of about two seconds of the demo in a terminal of that many lines, up to Ctrl-C; and the exit code."""
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    shape = environment(COLUMNS="120", LINES=str(lines), TERM="xterm-256color")
    process = subprocess.Popen([*COMMAND, *SHORT], stdin=theirs, stdout=theirs, stderr=theirs, env=shape)
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if b"cancel_orders" in written and b"%" in written and process.poll() is None and len(written) > 20_000:
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
