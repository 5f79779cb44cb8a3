"""The account: balances, the API key's rights, listen keys."""

from bingx_async.account.balances import Balances
from bingx_async.account.listen_key import ListenKeys
from bingx_async.account.permissions import KeyRights
from bingx_async.spot.base import Calls


class AccountApi(Balances, KeyRights, ListenKeys):
    """`client.account`: the endpoints on the account as typed methods.

    Every method also takes `max_wait`, `priority`, `timeout` and `recv_window` (see `CallOptions`).
    """

    def __init__(self, calls: Calls, owner: str) -> None:
        super().__init__(calls)
        self.owner = owner
        """The owner of the quotas: the UID as given to the client, or a one-way fingerprint of the API key."""

    def __repr__(self) -> str:
        return f"AccountApi({self.owner!r})"
