"""Whom we believe to be the API server: the certificate authority, and the TLS context that says so."""

import ssl
import tempfile
from dataclasses import dataclass, field

from yunqiao.kube.credentials import Identity, NotConnected, Source


@dataclass(slots=True)
class Trust:
    """How the server proves itself; an empty `authority` means the system's certificate authorities."""

    authority: Source
    insecure: bool = False
    server_name: str | None = None
    _kept: tuple[Identity, ssl.SSLContext] | None = field(default=None, repr=False)

    def context(self, identity: Identity) -> ssl.SSLContext:
        """Give the context for this identity; made anew when the client certificate has changed."""
        if self._kept is None or _certificate(self._kept[0]) != _certificate(identity):
            self._kept = (identity, self._make(identity))
        return self._kept[1]

    def forget(self) -> None:
        """Read the certificate authority again: the server showed a certificate that we do not know."""
        self._kept = None

    def _make(self, identity: Identity) -> ssl.SSLContext:
        authority = self.authority.read()
        try:
            context = ssl.create_default_context(cadata=authority.decode() if authority else None)
        except (ssl.SSLError, ValueError):
            raise NotConnected(f"{self.authority.label} holds no PEM certificates. Correct it") from None
        # Python 3.13 asks for X.509 extensions that the authorities of many clusters lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if identity.certificate:
            _load(context, identity)
        return context


def _certificate(identity: Identity) -> tuple[bytes, bytes]:
    return (identity.certificate, identity.key)


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """The ssl module takes a key from a file only: one that we alone can read, for this moment."""
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(identity.certificate.rstrip() + b"\n" + identity.key)
        pem.flush()
        try:
            context.load_cert_chain(pem.name, password="")
        except (ssl.SSLError, ValueError):
            raise NotConnected(
                "the client certificate and its key do not fit, are not PEM, or the key is encrypted. Correct "
                "client-certificate(-data) and client-key(-data) in the kubeconfig"
            ) from None
