"""A certificate for localhost, signed by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def make_certificate(key: Path, certificate: Path) -> None:
    """Write both files."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test makes a certificate with openssl"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
