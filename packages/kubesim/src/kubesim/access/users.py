"""Who is who: static users and the tokens that ServiceAccounts are given, each found by its bearer token.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/ and .../service-accounts-admin/
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubesim.objects import Key, Object, meta
from kubesim.storage import Storage

AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class User:
    """A name and the groups it belongs to."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""

    def body(self) -> Object:
        """As reviews show it."""
        shown: Object = {"username": self.name} | ({"uid": self.uid} if self.uid else {})
        return shown | {"groups": [*self.groups]}


ADMINISTRATOR = User("kubernetes-admin", (MASTERS, AUTHENTICATED))


@dataclass(frozen=True, slots=True)
class _Minted:
    account: Key
    uid: str
    ends: datetime


class Users:
    """The users by token. A minted token holds while its account exists and its time is not over."""

    def __init__(self, storage: Storage, static: dict[str, User]) -> None:
        """Take the store with the ServiceAccounts, and the static users by token."""
        self._storage = storage
        self._static = {token.encode(): user for token, user in static.items()}
        self._minted: dict[str, _Minted] = {}

    def find(self, token: str, now: datetime) -> User | None:
        """The user who shows that token; None for a token that is unknown or over."""
        given = token.encode()
        found = None
        for known, user in self._static.items():
            if secrets.compare_digest(known, given):
                found = user
        return found or self._account(self._minted.get(token), now)

    def mint(self, account: Object, seconds: int, now: datetime) -> tuple[str, datetime]:
        """A new token for a ServiceAccount, and when it ends."""
        token, ends = secrets.token_urlsafe(32), now + timedelta(seconds=seconds)
        key = (meta(account)["namespace"], meta(account)["name"])
        self._minted = {text: each for text, each in self._minted.items() if each.ends > now}
        self._minted[token] = _Minted(key, meta(account)["uid"], ends)
        return token, ends

    def _account(self, minted: _Minted | None, now: datetime) -> User | None:
        account = self._storage.get("serviceaccounts", minted.account) if minted and minted.ends > now else None
        if minted is None or account is None or meta(account)["uid"] != minted.uid:
            return None
        namespace, name = minted.account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
        return User(f"system:serviceaccount:{namespace}:{name}", groups, minted.uid)
