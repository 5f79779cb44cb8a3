"""Replies without a measure: heads and bodies that do not end, and bodies that grow when they are inflated."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from functools import cache

from tests.faults.fault import ANSWERED, CHUNKED, GZIP, JSON, SILENT, End, Fault, Step, chunk, framed, message

MEGABYTE = bytes(1 << 20)
CHECKSUM = 0x5B64C2B0  # of a gigabyte of zeros
PIECE = b"x" * 65536
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" * 999
CRUMBS = chunk(b"xy") * 9999
SHORT = 0.5  # seconds; of the calls that foreign transports end by their deadline alone


@cache
def bomb() -> bytes:
    """A gigabyte of zeros as gzip: one packed megabyte, again and again, since to pack them all takes seconds."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    head, end = b"\x1f\x8b\x08" + bytes(6) + b"\xff", b"\x03\x00"
    return head + packed * 1024 + end + struct.pack("<II", CHECKSUM, 1 << 30)


def huge_faults() -> Iterator[Fault]:
    """None of them can be read whole, so none is an answer, even if it begins like one."""
    length = b"Content-Length: %d" % 100_000_000
    yield Fault("head of 10 MB", SILENT, lambda body: (b"HTTP/1.1 200 OK\r\nX: ", *[PIECE] * 160, b"\r\n\r\n"))
    yield Fault("endless headers", SILENT, lambda body: _endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999))
    yield Fault("endless interim replies", SILENT, lambda body: _endless(b"", INTERIM), timeout=SHORT)
    yield Fault("body of 100 MB", SILENT, lambda body: (framed(b"", length), *[PIECE] * 1526, End.CLOSE))
    yield Fault("body of 100 MB without length", SILENT, lambda body: (framed(b"", JSON), *[PIECE] * 1526, End.CLOSE))
    yield Fault("chunked body of 100 MB", SILENT, lambda body: (framed(b"", CHUNKED), *[chunk(PIECE)] * 1526))
    yield Fault("endless body", SILENT, lambda body: _endless(framed(b"", JSON), PIECE))
    yield Fault("endless chunks", SILENT, lambda body: _endless(framed(b"", CHUNKED), chunk(PIECE)))
    yield Fault(
        "endless chunks of two bytes", SILENT, lambda body: _endless(framed(b"", CHUNKED), CRUMBS), timeout=SHORT
    )
    yield Fault("gzip bomb", SILENT, lambda body: (message(bomb(), GZIP),))
    yield Fault("chunked gzip bomb", SILENT, lambda body: (framed(chunk(bomb()) + b"0\r\n\r\n", GZIP, CHUNKED),))
    yield Fault("endless gzip", SILENT, lambda body: _endless(framed(b"", GZIP), bomb()))
    yield Fault("garbled gzip", SILENT, lambda body: (message(b"no gzip at all", GZIP),))


def packed_faults() -> Iterator[Fault]:
    """Bodies that were packed honestly."""
    deflate = b"Content-Encoding: deflate"
    yield Fault("gzip", ANSWERED, lambda body: (message(gzip.compress(body), GZIP),), says_all=True)
    yield Fault("deflate", ANSWERED, lambda body: (message(zlib.compress(body), deflate),), says_all=True)
    yield Fault("gzip in chunks", ANSWERED, _packed_chunks, says_all=True)


def _packed_chunks(body: bytes) -> tuple[Step, ...]:
    packed = gzip.compress(body)
    return framed(b"", GZIP, CHUNKED), chunk(packed[:9]), chunk(packed[9:]), b"0\r\n\r\n"


def _endless(first: bytes, again: bytes) -> Iterator[Step]:
    yield first
    while True:
        yield again
