"""Listen and serve until told to stop: the socket, TLS, the kubeconfig, the hollow nodes."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

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


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    url: str
    token: str = field(repr=False)
    authority: bytes | None
    """PEM of the certificate authority; None without TLS."""
    server: Server

    @property
    def verbs(self) -> Verbs:
        """The same cluster without HTTP."""
        return self.server.verbs


@asynccontextmanager
async def serving(settings: Settings, verbs: Verbs | None = None) -> AsyncIterator[Running]:
    """Serve a fresh cluster (or that of the verbs) while the block runs. Raises OSError for an address in use."""
    server = Server(verbs or new_cluster(), settings.token or secrets.token_urlsafe(32))
    identity = make_identity(settings.host) if settings.tls else None
    runner = web.AppRunner(server.application(), handler_cancellation=True, access_log=None, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=identity.context if identity else None)
        await site.start()
        running = Running(_url(runner, identity), server.token, identity.authority if identity else None, server)
        if settings.kubeconfig:
            write(settings.kubeconfig, kubeconfig(running.url, running.token, running.authority))
        yield running
    finally:
        await runner.cleanup()


def _url(runner: web.AppRunner, identity: Identity | None) -> str:
    host, port = runner.addresses[0][:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if identity else 'http'}://{shown}:{port}"
