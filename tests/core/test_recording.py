"""The file format of recordings: what is written is read again, without secrets, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async import InvalidRequest
from bingx_async.core.recording import Frame, first_line, frames_of, line_of, without_secrets

KEY = "a1b2c3d4" * 8
FRAMES = [
    Frame(0.0, 1, '{"a":1}'),
    Frame(12.5, 2, "Ping"),
    Frame(13.0, 1, lost="reset"),
    Frame(99.125, 2, "né\n\u2028"),
]
LINES = [first_line(1000.0), *map(line_of, FRAMES)]


def read(lines: list[str]) -> list[Frame]:
    """The frames of a file with these lines."""
    return list(frames_of(lines, "x.jsonl"))


def test_frames_come_back_as_they_were() -> None:
    """Each line is a JSON object of its own, and a file gives back its frames."""
    assert read(LINES) == FRAMES
    assert [json.loads(line)["at"] for line in LINES[1:]] == [0.0, 12.5, 13.0, 99.125]
    assert LINES[0] == '{"recording":"bingx_async","version":1,"epoch":1000.0}\n'
    assert all(line.endswith("\n") and line.isascii() for line in LINES)


@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(1, 60), st.text(min_size=1))), st.data())
def test_a_file_that_broke_off_gives_what_was_whole(rows: list[tuple[float, int, str]], data: st.DataObject) -> None:
    """Cut anywhere behind its first line, a file gives its frames up to the cut."""
    frames = [Frame(round(at, 3), socket, text) for at, socket, text in sorted(rows)]
    text = "".join([first_line(0.0), *map(line_of, frames)])
    cut = data.draw(st.integers(len(first_line(0.0)), len(text)))
    expected = [Frame(each.at, each.socket, without_secrets(each.text)) for each in frames]
    found, whole = read(text[:cut].splitlines(keepends=True)), text[:cut].count("\n") - 1
    assert found == expected[: len(found)]
    assert whole <= len(found) <= whole + 1


def test_a_file_that_was_continued_is_one_recording() -> None:
    """Another first line counts on from the clock it names; the broken line before it is left out."""
    continued = [*LINES[:2], '{"at":3,"soc\n', first_line(5000.0), line_of(Frame(1.0, 1, "later"))]
    assert read(continued) == [FRAMES[0], Frame(4001.0, 1, "later")]


def test_time_never_goes_back() -> None:
    """Where the clock of a continued file is behind, its frames come at the latest moment so far."""
    earlier = [*LINES[:3], first_line(0.0), line_of(Frame(1.0, 1, "later"))]
    assert [frame.at for frame in read(earlier)] == [0.0, 12.5, 12.5]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "x.jsonl is no recording of streams: make one with BingXClient"),
        (["{}\n"], "no recording"),
        (["[1]\n"], "no recording"),
        (["\x00PNG\n"], "no recording"),
        (["[" * 100_000], "no recording"),
        ([first_line(0.0).replace("0.0", "true")], "no recording"),
        ([first_line(0.0).replace(":1,", ":2,")], "a recording of version 2; this one reads 1"),
        ([LINES[0], "{}\n", LINES[1]], "line 2 of x.jsonl is no line of a recording"),
        ([LINES[0], '{"at":1,"socket":"a","text":"b"}\n', LINES[1]], "line 2"),
        ([LINES[0], '{"at":1,"socket":1,"text":5}\n', LINES[1]], "line 2"),
        ([LINES[0], '{"at":1,"socket":1}\n', LINES[1]], "line 2"),
    ],
)
def test_another_file_is_refused(lines: list[str], message: str) -> None:
    """It is told which line is wrong, and how a recording is made."""
    with pytest.raises(InvalidRequest, match=message):
        read(lines)


def test_no_secret_is_written() -> None:
    """Listen keys, signatures, API keys and the ids of accounts are replaced; every other value stays as it came."""
    expired = f'{{"e":"listenKeyExpired","E":5,"listenKey":"{KEY}"}}'
    report = '{"dataType":"spot.executionReport","data":{"i":17,"u":88123456,"C":"c-1","uid":"88123456","z":1.50}}'
    assert line_of(Frame(0.0, 1, expired)).count(KEY) == 0
    assert without_secrets(r'{"listenKey":"a\"b","userId":-1.5e3,"e":"executionReport","u":-7}') == (
        '{"listenKey":"***","userId":"***","e":"executionReport","u":0}'
    )
    assert without_secrets(expired) == '{"e":"listenKeyExpired","E":5,"listenKey":"***"}'
    assert without_secrets(report) == report.replace('"u":88123456', '"u":0').replace('"88123456"', '"***"')
    assert without_secrets(report.replace(":88123456", ': "88123456"')).count("88123456") == 0
    assert without_secrets(f"wss://x/market?listenKey={KEY}&signature={KEY}") == (
        "wss://x/market?listenKey=***&signature=***"
    )
    assert without_secrets('{"u":5,"b":"1.0"}') == '{"u":5,"b":"1.0"}'
    assert KEY not in line_of(Frame(0.0, 1, lost=f"refused for {KEY}"))
