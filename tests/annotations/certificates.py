"""Certificates that tests make for themselves, and the clients that trust them."""

import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pair(msgspec.Struct, frozen=True):
    """A certificate for one name, which signs itself, and its key."""

    domain: str
    pem: str
    key: str

    @classmethod
    def made(cls, domain: str, days: int = 90) -> "Pair":
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
        made = (
            x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, *form)
        return cls(domain, made.public_bytes(serialization.Encoding.PEM).decode(), private.decode())

    def trusted(self) -> dict[str, Any]:
        """How a client connects that trusts this certificate alone, under its name."""
        return {"ssl": ssl.create_default_context(cadata=self.pem), "server_hostname": self.domain}
