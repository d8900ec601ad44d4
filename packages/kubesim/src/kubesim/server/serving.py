"""Listen and serve until told to stop: the socket, TLS, the kubeconfig, the hollow nodes."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from kubesim.access.access import Access
from kubesim.access.default_roles import ensure_default_roles
from kubesim.access.rbac import Rbac
from kubesim.access.users import ADMINISTRATOR, User, Users
from kubesim.api.verbs import Verbs
from kubesim.cluster import new_cluster
from kubesim.server.application import Server
from kubesim.server.certificates import Identity, make_identity
from kubesim.server.kubeconfig import kubeconfig, write

PATIENCE = 0.5
"""Seconds that running requests get when the server stops."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: the system chooses."""
    token: str = field(default="", repr=False)
    """Empty: one is made."""
    tls: bool = True
    kubeconfig: Path | None = None
    enforce_rbac: bool = False
    """Hold every user but the administrator to Roles and bindings."""
    users: Mapping[str, User] = field(default_factory=dict, repr=False)
    """Further users by token."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    url: str
    token: str = field(repr=False)
    authority: bytes | None
    """PEM of the certificate authority; None without TLS."""
    server: Server
    place: tuple[str, int]
    """The address and port that it listens at."""

    @property
    def verbs(self) -> Verbs:
        """The same cluster without HTTP."""
        return self.server.verbs


@asynccontextmanager
async def serving(settings: Settings, verbs: Verbs | None = None) -> AsyncIterator[Running]:
    """Serve a fresh cluster (or that of the verbs) while the block runs. Raises OSError for an address in use."""
    verbs = verbs or new_cluster()
    token = settings.token or secrets.token_urlsafe(32)
    server = Server(verbs, _access(verbs, settings, token))
    identity = make_identity(settings.host) if settings.tls else None
    runner = web.AppRunner(server.application(), handler_cancellation=True, access_log=None, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=identity.context if identity else None)
        await site.start()
        running = Running(
            _url(runner, identity), token, identity.authority if identity else None, server, _place(runner)
        )
        if settings.kubeconfig:
            write(settings.kubeconfig, kubeconfig(running.url, running.token, running.authority))
        yield running
    finally:
        await runner.cleanup()


def _access(verbs: Verbs, settings: Settings, token: str) -> Access:
    if settings.enforce_rbac:
        ensure_default_roles(verbs)
    users = Users(verbs.storage, {**settings.users, token: ADMINISTRATOR})
    return Access(users, Rbac(verbs.storage), settings.enforce_rbac)


def _place(runner: web.AppRunner) -> tuple[str, int]:
    host, port = runner.addresses[0][:2]
    return host, port


def _url(runner: web.AppRunner, identity: Identity | None) -> str:
    host, port = _place(runner)
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if identity else 'http'}://{shown}:{port}"
