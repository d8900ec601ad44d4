import base64
import datetime
import ipaddress
import ssl
import stat
import sys
import textwrap

import pytest
import yaml
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from yunqiao.kube.client import Client
from yunqiao.kube.connect import find
from yunqiao.kube.credentials import NotConnected
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.transport import Transport
from yunqiao.model.errors import Lost
from yunqiao.model.kubernetes import SERVICE

SECRET = "s3cr3t-t0k3n"


def config(server="https://10.0.0.1:6443", cluster=None, user=None, **more):
    return {
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": SECRET} if user is None else user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        **more,
    }


@pytest.fixture
def kubeconfig(tmp_path):
    def write(content, name="config"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return str(file)

    return write


@pytest.fixture
def account(tmp_path):
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "token").write_text("pod-token\n")
    (folder / "ca.crt").write_text("no certificate yet")
    return folder


POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def test_the_flag_comes_before_the_variable_before_the_pod_before_the_home(clock, kubeconfig, account, tmp_path):
    flag, variable = kubeconfig(config("https://flag")), kubeconfig(config("https://variable"), "other")
    kubeconfig(config("https://home"), ".kube/config")
    both = {**POD, "KUBECONFIG": variable}
    assert find(clock, flag, both, account, tmp_path).server == "https://flag"
    assert find(clock, "", both, account, tmp_path).server == "https://variable"
    assert find(clock, "", POD, account, tmp_path).server == "https://10.96.0.1:443"
    assert find(clock, "", {}, account, tmp_path).server == "https://home"


def test_nothing_configured_says_what_to_do(clock, tmp_path):
    with pytest.raises(NotConnected, match="Pass --kubeconfig FILE"):
        find(clock, "", {}, tmp_path, tmp_path)


def test_a_pod_of_an_ipv6_cluster_brackets_the_host(clock, account):
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert find(clock, "", environ, account).server == "https://[fd00::1]:443"


async def test_the_token_of_a_pod_is_read_again_every_minute(clock, account):
    credentials = find(clock, "", POD, account).credentials
    assert (await credentials.current()).token == "pod-token"
    (account / "token").write_text("rotated")
    clock.time += 59
    assert (await credentials.current()).token == "pod-token"
    clock.time += 1
    assert (await credentials.current()).token == "rotated"


async def test_a_token_that_vanishes_for_a_moment_is_kept(clock, account, caplog):
    credentials = find(clock, "", POD, account).credentials
    await credentials.current()
    (account / "token").unlink()
    clock.time += 60
    assert (await credentials.current()).token == "pod-token"
    assert "keeping the credentials at hand" in caplog.text


async def test_several_files_are_merged_and_the_first_entry_of_a_name_holds(clock, kubeconfig, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "tok").write_text("from a relative path")
    user = [{"name": "u", "user": {"tokenFile": "tok"}}]
    first = kubeconfig({"users": user, "contexts": [{"name": "y", "context": {"cluster": "c", "user": "u"}}]}, "one/a")
    second = kubeconfig(config(**{"current-context": "y"}), "two")
    found = find(clock, "", {"KUBECONFIG": f"{tmp_path}/missing:{first}:{second}"})
    assert found.server == "https://10.0.0.1:6443"
    assert (await found.credentials.current()).token == "from a relative path"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (config(**{"current-context": "z"}), "current-context is z, contexts there are: x"),
        (config(contexts=[{"name": "x", "context": {"cluster": "d"}}]), "context x: cluster d does not exist"),
        (config(contexts=[{"name": "x", "context": {"cluster": "c", "user": "v"}}]), "user v does not exist"),
        (config(cluster={"proxy-url": "http://proxy"}), "cluster c: proxy-url is not supported"),
        (config(cluster={"certificate-authority-data": "***"}), "certificate-authority-data is not base64"),
        (config(cluster={"certificate-authority": "ca.pem"}), "ca.pem cannot be read: No such file"),
        (config(server="10.0.0.1"), "server is 10.0.0.1, allowed is https://HOST"),
        (config(user={"username": "me", "password": SECRET}), "user u: username is not supported"),
        (config(user={"auth-provider": {"name": "oidc"}}), "auth-provider is not supported"),
        (config(user={"client-certificate-data": "YQ=="}), "client-certificate and client-key are needed together"),
        (config(user={"token": [SECRET]}), r"Expected `str`, got `array` - at `\$.users\[0\].user.token`"),
        (config(user={"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"}}),
         "exec.apiVersion is client.authentication.k8s.io/v1alpha1, allowed are"),
        (config(user={"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1",
                               "interactiveMode": "Always"}}), "interactiveMode is Always"),
        (f"users: [{{name: u, user: {{token: {SECRET}", "line 1 is not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_kubeconfig_names_the_place_and_shows_no_secret(clock, kubeconfig, content, words):
    with pytest.raises(NotConnected, match=words) as caught:
        find(clock, kubeconfig(content))
    assert SECRET not in str(caught.value)
    assert "config" in str(caught.value)


def test_a_kubeconfig_that_is_not_there_is_named(clock, tmp_path):
    with pytest.raises(NotConnected, match=r"nothing.yaml cannot be read: No such file or directory. Correct the path"):
        find(clock, str(tmp_path / "nothing.yaml"))
    with pytest.raises(NotConnected, match="KUBECONFIG is /nowhere, but no such file exists"):
        find(clock, "", {"KUBECONFIG": "/nowhere"})


async def test_an_identity_shows_no_secret(clock, kubeconfig):
    found = find(clock, kubeconfig(config()))
    identity = await found.credentials.current()
    assert identity.token == SECRET
    assert SECRET not in repr(identity) + repr(found)


# exec plugins


@pytest.fixture
def plugin(tmp_path):
    """A program that notes its calls and prints what it is told; gives the `exec` section."""

    def write(body, version="v1", **more):
        program = tmp_path / "plugin"
        program.write_text(
            f"#!{sys.executable}\nimport os, sys\nopen({str(tmp_path / 'calls')!r}, 'a').write('x')\n" + body
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {"exec": {"command": "./plugin", "apiVersion": f"client.authentication.k8s.io/{version}", **more}}

    return write


ECHO = textwrap.dedent("""
    import json
    info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
    expiry = sys.argv[1]
    server = info["spec"].get("cluster", {}).get("server", "")
    status = {"token": os.environ["PREFIX"] + server, **({"expirationTimestamp": expiry} if expiry else {})}
    print(json.dumps({"kind": "ExecCredential", "apiVersion": info["apiVersion"], "status": status}))
""")


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_a_plugin_gives_a_token_that_is_kept_until_shortly_before_it_expires(
    clock, kubeconfig, plugin, tmp_path, version
):
    expiry = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    user = plugin(ECHO, version, args=[expiry], env=[{"name": "PREFIX", "value": "t-"}], provideClusterInfo=True)
    credentials = find(clock, kubeconfig(config(user=user))).credentials
    assert (await credentials.current()).token == "t-https://10.0.0.1:6443"
    clock.time += 80
    identity = await credentials.current()
    assert (tmp_path / "calls").read_text() == "x"
    clock.time += 15
    await credentials.current()
    assert (tmp_path / "calls").read_text() == "xx"
    credentials.renew(identity)  # given out before the last run: nothing to do
    await credentials.current()
    assert (tmp_path / "calls").read_text() == "xx"


SAYS = """print('{{"apiVersion":"client.authentication.k8s.io/{}","status":{}}}')"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"print({SECRET!r}); sys.exit(3)", "ended with 3. Run it by hand"),
        (f"print({SECRET!r})", "printed no ExecCredential"),
        (SAYS.format("v1beta1", '{"token":"a"}'), "answered in client.authentication.k8s.io/v1beta1, not in"),
        (SAYS.format("v1", "{}"), "neither a token nor"),
    ],
)  # fmt: skip
async def test_a_plugin_that_fails_is_lost_and_what_it_printed_is_not_shown(clock, kubeconfig, plugin, body, words):
    credentials = find(clock, kubeconfig(config(user=plugin(body)))).credentials
    with pytest.raises(Lost, match=words) as caught:
        await credentials.current()
    assert SECRET not in str(caught.value)


async def test_a_plugin_that_is_not_installed_gives_its_own_hint(clock, kubeconfig):
    section = {
        "command": "no-such-plugin",
        "apiVersion": "client.authentication.k8s.io/v1",
        "installHint": "Get it at X.",
    }
    credentials = find(clock, kubeconfig(config(user={"exec": section}))).credentials
    with pytest.raises(NotConnected, match=r"no-such-plugin cannot be run: No such file or directory. Get it at X."):
        await credentials.current()


# TLS


def issue(name, issuer=None, ip=None, hostname=None):
    """A key and its certificate, signed by `issuer` (or by itself, as an authority)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    names = ([x509.IPAddress(ipaddress.ip_address(ip))] if ip else []) + ([x509.DNSName(hostname)] if hostname else [])
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def pem(pair):
    key = pair[0].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pair[1].public_bytes(serialization.Encoding.PEM), key


def b64(data):
    return base64.b64encode(data).decode()


@pytest.fixture
async def secure(tmp_path):
    """A TLS server that wants a client certificate; gives its URL, its authority and a client's pair."""
    authority = issue("authority")
    certificate, key = pem(issue("api", authority, hostname="kubernetes"))
    (tmp_path / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.load_verify_locations(cadata=pem(authority)[0].decode())
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(request):
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    app = web.Application()
    app.router.add_get("/api/v1/services", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}", pem(authority)[0], pem(issue("yunqiao", authority))
    await runner.cleanup()


async def listed(clock, file):
    transport = Transport(find(clock, file), RateLimit(clock, qps=0), "yunqiao/test", timeout=5)
    async with Client(transport) as client:
        return (await client.list(SERVICE)).resource_version


async def test_a_client_certificate_and_a_server_name_are_used(clock, kubeconfig, secure):
    url, authority, (certificate, key) = secure
    cluster = {"certificate-authority-data": b64(authority), "tls-server-name": "kubernetes"}
    user = {"client-certificate-data": b64(certificate), "client-key-data": b64(key)}
    assert await listed(clock, kubeconfig(config(url, cluster, user))) == "1"


async def test_certificates_in_files_are_used_relative_to_the_kubeconfig(clock, kubeconfig, secure, tmp_path):
    url, authority, (certificate, key) = secure
    for name, data in (("ca", authority), ("crt", certificate), ("key", key)):
        (tmp_path / name).write_bytes(data)
    cluster = {"certificate-authority": "ca", "tls-server-name": "kubernetes"}
    assert (
        await listed(clock, kubeconfig(config(url, cluster, {"client-certificate": "crt", "client-key": "key"}))) == "1"
    )


async def test_a_server_that_is_not_known_is_not_trusted_unless_told_so(clock, kubeconfig, secure):
    url, authority, (certificate, key) = secure
    user = {"client-certificate-data": b64(certificate), "client-key-data": b64(key)}
    for cluster in (
        {"certificate-authority-data": b64(pem(issue("other"))[0])},
        {"certificate-authority-data": b64(authority)},
    ):
        with pytest.raises(Lost, match="no trusted connection"):
            await listed(clock, kubeconfig(config(url, cluster, user)))
    assert await listed(clock, kubeconfig(config(url, {"insecure-skip-tls-verify": True}, user))) == "1"


async def test_a_certificate_and_a_key_that_do_not_fit_are_refused(clock, kubeconfig, secure):
    url, authority, (certificate, _) = secure
    other = pem(issue("other"))[1]
    user = {"client-certificate-data": b64(certificate), "client-key-data": b64(other)}
    with pytest.raises(NotConnected, match="do not fit"):
        await listed(clock, kubeconfig(config(url, {"certificate-authority-data": b64(authority)}, user)))


async def test_an_authority_that_is_no_certificate_is_named(clock, kubeconfig, secure):
    with pytest.raises(NotConnected, match="certificate-authority-data holds no PEM certificates"):
        await listed(clock, kubeconfig(config(secure[0], {"certificate-authority-data": b64(b"hello")})))
