"""What an HTTPS listener adds to an HTTP one: the handshake, before which a client that is not admitted is reset.

Each connection is handshaken with the certificates and the policy of its own moment, so that a change of them needs no
new socket and concerns no connection that exists. The handshake settles the protocol, too (ALPN): HTTP/2 where both
sides have it, else HTTP/1.1.
"""

import asyncio
import logging
import ssl
import tempfile
import warnings
from typing import TYPE_CHECKING, cast

from yunsim.dataplane.engine import Certificate, Tls, TlsPolicy
from yunsim.dataplane.http.client import Client
from yunsim.dataplane.http.http2 import Http2Client
from yunsim.dataplane.tcp import reset_transport

if TYPE_CHECKING:
    from yunsim.dataplane.http.service import HttpService

log = logging.getLogger(__name__)

_OLD = "DEFAULT:@SECLEVEL=0"
"""TLS 1.0 and 1.1 need digests that OpenSSL no longer allows by itself."""

_POLICIES: dict[TlsPolicy, tuple[ssl.TLSVersion, ssl.TLSVersion, str]] = {
    "1_0": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, _OLD),
    "1_1": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, _OLD),
    "1_2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, "DEFAULT"),
    "1_2_strict": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, "ECDHE+AES"),
    "1_2_strict_with_1_3": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, "ECDHE+AES"),
}
"""Lowest and highest version, and the ciphers: the strict ones keep earlier sessions secret when a key is lost
(TLSCipherPolicy of CreateLoadBalancerHTTPSListener)."""


def server_context(tls: Tls) -> ssl.SSLContext:
    """Make what a handshake needs. Raises OSError when a certificate has no key here, or there is none at all."""
    contexts = {each.domain.lower(): _context(each, tls) for each in tls.certificates}
    if "" not in contexts:
        raise OSError("an HTTPS listener needs a certificate; set its ServerCertificateId")

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        asked = (name or "").lower()
        wildcard = "*." + asked.partition(".")[2]
        connection.context = contexts.get(asked) or contexts.get(wildcard) or contexts[""]

    contexts[""].sni_callback = choose
    return contexts[""]


def _context(certificate: Certificate, tls: Tls) -> ssl.SSLContext:
    if not certificate.key:
        raise OSError(f"certificate {certificate.id} has no private key here; upload it with UploadServerCertificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lowest, highest, ciphers = _POLICIES[tls.policy]
    with warnings.catch_warnings():  # the cloud's oldest policy is TLS 1.0, which Python calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(ciphers)
    context.set_alpn_protocols(["h2", "http/1.1"] if tls.http2 else ["http/1.1"])
    _load(context, certificate)
    if tls.client_authority:
        context.load_verify_locations(cadata=tls.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Hand certificate and key over: the ssl module reads them from nowhere but a file, which only we may read."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(f"{certificate.pem}\n{certificate.key}\n")
        file.flush()
        context.load_cert_chain(file.name)


class Door(asyncio.Protocol):
    """A connection until its handshake is done; from then on the client has it."""

    def __init__(self, service: "HttpService", context: ssl.SSLContext) -> None:
        self._service = service
        self._context = context
        self._early: list[bytes] = []
        self._ended = self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake with a client that is admitted."""
        self._transport = cast("asyncio.Transport", transport)
        self._address = transport.get_extra_info("peername")[0]
        if self._service.closed or not self._service.listener.access.admits(self._address):
            reset_transport(self._transport)
            return
        self._service.sweeper.add(self)
        self._transport.pause_reading()
        self._handshake = asyncio.get_running_loop().create_task(self._shake_hands())

    def data_received(self, data: bytes) -> None:
        """Keep what comes together with the end of the handshake."""
        self._early.append(data)

    def eof_received(self) -> None:
        """Note that nothing more will come."""
        self._ended = True

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note that there is nobody to pass on."""
        self._lost = True

    def expire(self, now: float) -> None:
        """Leave it to the handshake, which has a time limit of its own."""

    def end(self) -> None:
        """Break off."""
        self._handshake.cancel()
        self._service.sweeper.discard(self)
        reset_transport(self._transport)

    async def _shake_hands(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                self._transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=self._service.handshake_timeout,
            )
        except OSError as error:
            log.info("The TLS handshake of %s failed: %s", self._address, error)
            self._transport.abort()
        else:
            if secured is not None and not self._lost:
                self._pass_on(secured)
        finally:
            self._service.sweeper.discard(self)

    def _pass_on(self, secured: asyncio.Transport) -> None:
        spoken = secured.get_extra_info("ssl_object").selected_alpn_protocol()
        client = Http2Client(self._service) if spoken == "h2" else Client(self._service)
        secured.set_protocol(client)
        client.connection_made(secured)
        for data in self._early:
            client.data_received(data)
        if self._ended:
            secured.close()
