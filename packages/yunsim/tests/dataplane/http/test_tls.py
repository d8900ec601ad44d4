"""HTTPS listeners, seen by a client that checks certificates."""

import asyncio
import contextlib
import datetime
import ssl
import tempfile
import warnings
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yunsim.dataplane.engine import AccessControl, Certificate, HealthCheck, Tls
from yunsim.dataplane.loopback import key_of

OFF = HealthCheck(kind="off")
NOW = datetime.datetime.now(datetime.UTC)


def certificate(name, domain=""):
    """A self-signed certificate for a name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    return Certificate(name, made.public_bytes(serialization.Encoding.PEM).decode(), private, domain)


SHOP = certificate("shop.example")
CART = certificate("cart.example", "cart.example")
ANY = certificate("*.blog.example", "*.blog.example")


def trusting(*certificates, version=None):
    """A client that trusts these certificates, and speaks one version only."""
    context = ssl.create_default_context()
    for each in certificates:
        context.load_verify_locations(cadata=each.pem)
    if version:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture
async def secure(site):
    """`await secure(count, **settings)`: an HTTPS listener that shows the shop's certificate, and its backends."""

    async def start(count=1, **settings):
        return await site(count, **{"protocol": "https", "tls": Tls((SHOP,)), **settings})

    return start


@pytest.fixture
async def connect(rig):
    """`await connect(listener, client context, server name)`."""
    writers = []

    async def start(listener, context, name):
        address = rig.engine.ports()[key_of(listener)]
        reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=name)
        writers.append(writer)
        return reader, writer

    yield start
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def ask(connect, read):
    """`await ask(listener, certificate, name)`: the body of one answer to a client that trusts the certificate."""

    async def start(listener, trusted, name, **more):
        reader, writer = await connect(listener, trusting(trusted, **more), name)
        writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % name.encode())
        return (await read(reader))[2]

    return start


async def test_requests_over_one_connection_are_balanced_and_answered_in_http_1_1(secure, connect, read):
    listener, origins = await secure(2)
    reader, writer = await connect(listener, trusting(SHOP), "shop.example")
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    bodies = []
    for _ in range(6):
        writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        bodies.append((await read(reader))[2])
    assert bodies == [b"b0", b"b1"] * 3
    assert [origin.connections for origin in origins] == [1, 1]


async def test_a_large_answer_arrives_whole(secure, connect, read):
    listener, _ = await secure()
    reader, writer = await connect(listener, trusting(SHOP), "shop.example")
    writer.write(b"GET /big HTTP/1.1\r\nHost: shop\r\n\r\n")
    assert len((await read(reader))[2]) == 32 << 20


@pytest.mark.parametrize(
    ("trusted", "name"),
    [(SHOP, "shop.example"), (CART, "cart.example"), (CART, "CART.example"), (ANY, "my.blog.example")],
)
async def test_the_certificate_shown_is_that_of_the_domain_asked_for(secure, ask, trusted, name):
    listener, _ = await secure(tls=Tls((SHOP, CART, ANY)))
    assert await ask(listener, trusted, name) == b"b0"


async def test_a_name_that_nobody_has_gets_the_listeners_own_certificate(secure, ask):
    listener, _ = await secure(tls=Tls((SHOP, CART)))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'other\.example'"):
        await ask(listener, SHOP, "other.example")


async def test_a_new_certificate_serves_new_connections_and_drops_none(rig, secure, connect, ask, read):
    listener, _ = await secure()
    reader, writer = await connect(listener, trusting(SHOP), "shop.example")
    renewed = certificate("shop.example")
    await rig.apply(rig.listener([rig.servers[0].backend()], protocol="https", tls=Tls((renewed,)), health_check=OFF))
    assert await ask(listener, renewed, "shop.example") == b"b0"
    writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
    assert (await read(reader))[2] == b"b0"


@pytest.mark.parametrize(
    ("policy", "version", "accepted"),
    [
        ("1_0", ssl.TLSVersion.TLSv1, True),
        ("1_1", ssl.TLSVersion.TLSv1, False),
        ("1_1", ssl.TLSVersion.TLSv1_1, True),
        ("1_2", ssl.TLSVersion.TLSv1_1, False),
        ("1_2", ssl.TLSVersion.TLSv1_2, True),
        ("1_2_strict", ssl.TLSVersion.TLSv1_2, True),
        ("1_2_strict", ssl.TLSVersion.TLSv1_3, False),
        ("1_2_strict_with_1_3", ssl.TLSVersion.TLSv1_3, True),
    ],
)
async def test_the_policy_says_which_versions_are_spoken(secure, ask, policy, version, accepted):
    listener, _ = await secure(tls=Tls((SHOP,), policy))
    if accepted:
        assert await ask(listener, SHOP, "shop.example", version=version) == b"b0"
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await ask(listener, SHOP, "shop.example", version=version)


async def test_a_client_that_the_access_control_keeps_out_is_reset_before_the_handshake(secure, connect):
    listener, _ = await secure(access=AccessControl("white", (ip_network("127.0.0.2/32"),)))
    with pytest.raises(ConnectionResetError):
        await connect(listener, trusting(SHOP), "shop.example")


async def test_a_client_that_speaks_no_tls_is_closed_and_does_no_harm(rig, secure, ask):
    listener, _ = await secure()
    reader, writer = await rig.connect(listener)
    writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert b"HTTP" not in await reader.read(-1)
    writer.close()
    assert await ask(listener, SHOP, "shop.example") == b"b0"


async def test_a_removed_listener_resets_connections_also_in_the_middle_of_a_handshake(rig, secure, connect):
    listener, _ = await secure()
    silent, silent_writer = await rig.connect(listener)
    reader, _ = await connect(listener, trusting(SHOP), "shop.example")
    await asyncio.sleep(0.02)
    await rig.apply()
    for each in (silent, reader):
        with pytest.raises((ConnectionResetError, ssl.SSLError)):
            await each.readexactly(1)
    silent_writer.close()


async def test_a_silent_client_is_closed_after_the_time_for_handshakes(rig, secure):
    listener, _ = await secure()
    service = rig.service()
    service.handshake_timeout = 0.05
    reader, writer = await rig.connect(listener)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read(-1) == b""
    assert service.sweeper.members == set()
    writer.close()


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        (Tls(()), "an HTTPS listener needs a certificate"),
        (Tls((Certificate("c-1", SHOP.pem, ""),)), "certificate c-1 has no private key here"),
    ],
)
async def test_a_certificate_that_cannot_serve_is_an_error_and_what_served_goes_on(rig, secure, ask, shown, error):
    listener, _ = await secure()
    bad = rig.listener([rig.servers[0].backend()], protocol="https", tls=shown, health_check=OFF)
    await rig.apply(bad)
    assert error in rig.engine.errors()[key_of(listener)]
    assert await ask(listener, SHOP, "shop.example") == b"b0"
    await rig.apply()
    await rig.apply(bad)
    assert error in rig.engine.errors()[key_of(bad)]
    assert key_of(bad) not in rig.engine.ports()


async def test_a_client_shows_a_certificate_of_the_authority_or_is_turned_away(secure, connect, read):
    known, stranger = certificate("client.example"), certificate("stranger.example")
    listener, _ = await secure(tls=Tls((SHOP,), client_authority=known.pem))

    async def ask(own):
        context = trusting(SHOP)
        if own:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(own.pem + own.key)
                file.flush()
                context.load_cert_chain(file.name)
        reader, writer = await connect(listener, context, "shop.example")
        writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        return (await read(reader))[2]

    assert await ask(known) == b"b0"
    for other in (None, stranger):
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await ask(other)
