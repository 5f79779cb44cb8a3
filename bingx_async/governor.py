"""The governor as programs make it: with the name of a profile instead of its quotas."""

from __future__ import annotations

from typing import Any

from bingx_async.catalogue import PROFILES
from bingx_async.core.catalogue import DOCUMENTED
from bingx_async.core.quota import Quotas
from bingx_async.runtime.governor import governor
from bingx_async.runtime.governor.settings import check_quotas


class Governor(governor.Governor):
    """See the runtime's."""

    def __init__(self, profile: str = DOCUMENTED, *, quotas: Quotas | None = None, **settings: Any) -> None:
        if not isinstance(profile, str) or profile not in PROFILES:
            raise ValueError(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
        if quotas is not None:
            check_quotas(quotas)
        super().__init__(PROFILES[profile].override(quotas or {}), **settings)
