"""The emulator's log: one line a request at DEBUG, without any key, secret or signature."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

from bingx_async.emulator.accounts import Account
from bingx_async.emulator.traffic import Reply, Request

logger = logging.getLogger("bingx_async.emulator")

SHOWN = 500  # characters of the parameters that a line shows
SECRET = re.compile(r"""(?i)((?:signature|api_?-?key|secret\w*)["']?\s*[=:]\s*["']?)[^&"',}\s]+""")


class Log:
    """Writes requests and their replies; knows the secrets it must not show."""

    def __init__(self, accounts: Collection[Account]) -> None:
        self._uids = {account.api_key: account.account for account in accounts}
        self._secrets = [text for each in accounts for text in (each.api_key, each.secret_key) if text]

    def write(self, request: Request, reply: Reply) -> None:
        """Log one request with its reply at DEBUG."""
        if not logger.isEnabledFor(logging.DEBUG):
            return
        account = self._uids.get(request.headers.get("x-bx-apikey", ""), "-")
        text = " ".join(part for part in (request.query, request.body.decode(errors="replace")) if part)
        masked = self._mask(f"{request.path} {text}")[:SHOWN]
        answer = reply.body[:40].decode(errors="replace")
        logger.debug("%s %r account=%s -> %d %r", request.method, masked, account, reply.status, answer)

    def _mask(self, text: str) -> str:
        """`text` with every signature, key and secret shown as `***`, known by its name or its value."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return SECRET.sub(r"\1***", text)
