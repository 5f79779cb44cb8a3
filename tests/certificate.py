"""A certificate for localhost, signed by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def make_certificate(key: Path, certificate: Path) -> None:
    """Write both files."""
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    _openssl(command)


def make_expired(key: Path, certificate: Path) -> None:
    """Write both files; the certificate was valid until yesterday."""
    make_certificate(key, certificate)
    _openssl(["x509", "-in", str(certificate), "-signkey", str(key), "-days", "-1", "-out", str(certificate)])


def _openssl(command: list[str]) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test makes a certificate with openssl"
    subprocess.run([openssl, *command], check=True, capture_output=True)
