"""A kubeconfig file, or several merged, read into a Connection.

The format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. What we do not do is refused, never ignored.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from yunqiao.kube.credentials import Credentials, NotConnected, Source, from_sources
from yunqiao.kube.plugin import Exec, Plugin
from yunqiao.kube.trust import Trust
from yunqiao.model.clock import Clock


class Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    """Where the API server is and how it proves itself."""

    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class User(msgspec.Struct, frozen=True, rename="kebab"):
    """Who we are."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    exec: Exec | None = None
    username: str = ""
    auth_provider: Any = None
    impersonate: str = msgspec.field(default="", name="as")


class Context(msgspec.Struct, frozen=True):
    """One user at one cluster."""

    cluster: str
    user: str = ""


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: Cluster


class _NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: User | None = None


class _NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: Context


class _Document(msgspec.Struct, frozen=True, rename="kebab"):
    """One file."""

    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str = ""


_Entry = TypeVar("_Entry", _NamedCluster, _NamedUser, _NamedContext)
_Placed = tuple[Path, _Entry]


class Kubeconfig:
    """Files merged: of two entries with one name the first holds; relative paths start at their own file's folder."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Read the files. Raises NotConnected naming the file and the key."""
        self.files = ", ".join(map(str, files))
        documents = [(file, _read(file)) for file in files]
        self._clusters = _first((file, entry) for file, each in documents for entry in each.clusters or [])
        self._users = _first((file, entry) for file, each in documents for entry in each.users or [])
        self._contexts = _first((file, entry) for file, each in documents for entry in each.contexts or [])
        self.current = next((each.current_context for _, each in documents if each.current_context), "")

    def context(self) -> Context:
        """Give the current context. Raises NotConnected when there is none."""
        if self.current not in self._contexts:
            known = ", ".join(sorted(self._contexts)) or "none"
            raise NotConnected(
                f"{self.files}: current-context is {self.current or 'empty'}, contexts there are: {known}. "
                "Choose one with `kubectl config use-context`"
            )
        return self._contexts[self.current][1].context

    def server(self) -> tuple[str, Trust, dict[str, Any]]:
        """Give the server's address, its trust, and the cluster as an exec plugin may ask for it."""
        name = self.context().cluster
        if name not in self._clusters:
            raise NotConnected(f"{self._where(f'cluster {name}')} does not exist. Add it or choose another context")
        file, entry = self._clusters[name]
        cluster, where = entry.cluster, self._where(f"cluster {name}")
        _check_cluster(cluster, where)
        authority = _source(where, "certificate-authority", cluster.certificate_authority,
                            cluster.certificate_authority_data, file.parent)  # fmt: skip
        trust = Trust(authority, cluster.insecure_skip_tls_verify, cluster.tls_server_name or None)
        return cluster.server.rstrip("/"), trust, _as_told(cluster, authority)

    def credentials(self, clock: Clock, cluster: dict[str, Any]) -> Credentials:
        """Give the credentials of the current user, of its first kind that is set: token, plugin, certificate."""
        name = self.context().user
        if name not in self._users:
            raise NotConnected(f"{self._where(f'user {name}')} does not exist. Add it or choose another context")
        file, entry = self._users[name]
        user, where = entry.user or User(), self._where(f"user {name}")
        _check_user(user, where)
        if user.exec is not None and not (user.token or user.token_file):
            return Plugin(user.exec, where, file.parent, cluster).credentials(clock)
        token = Source(f"{where}: tokenFile", user.token.encode(), _path(user.token_file, file.parent))
        certificate = _source(where, "client-certificate", user.client_certificate,
                              user.client_certificate_data, file.parent)  # fmt: skip
        key = _source(where, "client-key", user.client_key, user.client_key_data, file.parent)
        return from_sources(token, certificate, key, clock)

    def _where(self, entry: str) -> str:
        return f"{self.files}: context {self.current}: {entry}"


def _read(file: Path) -> _Document:
    try:
        return msgspec.convert(yaml.safe_load(file.read_text()) or {}, _Document)
    except OSError as error:
        raise NotConnected(f"kubeconfig {file} cannot be read: {error.strerror}. Correct the path") from None
    except UnicodeDecodeError:
        raise NotConnected(f"kubeconfig {file} is not UTF-8 text. Correct the path") from None
    except yaml.MarkedYAMLError as error:  # its own text would show lines of the file
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotConnected(f"kubeconfig {file}, line {line} is not YAML: {error.problem}. Correct it") from None
    except yaml.YAMLError:
        raise NotConnected(f"kubeconfig {file} is not YAML. Correct it") from None
    except msgspec.ValidationError as error:
        raise NotConnected(f"kubeconfig {file} is not as it should be: {error}. Correct it") from None


def _first(entries: Iterable[_Placed[_Entry]]) -> dict[str, _Placed[_Entry]]:
    merged: dict[str, _Placed[_Entry]] = {}
    for file, entry in entries:
        merged.setdefault(entry.name, (file, entry))
    return merged


def _check_cluster(cluster: Cluster, where: str) -> None:
    if not cluster.server.startswith(("https://", "http://")):
        raise NotConnected(f"{where}: server is {cluster.server}, allowed is https://HOST[:PORT]. Correct it")
    if cluster.proxy_url:
        raise NotConnected(f"{where}: proxy-url is not supported. Remove it and reach the API server directly")
    if cluster.insecure_skip_tls_verify and (cluster.certificate_authority or cluster.certificate_authority_data):
        raise NotConnected(f"{where}: insecure-skip-tls-verify excludes certificate-authority. Remove one of them")


def _check_user(user: User, where: str) -> None:
    gone = {"username": user.username, "auth-provider": user.auth_provider, "as": user.impersonate}
    for key, value in gone.items():
        if value:
            raise NotConnected(f"{where}: {key} is not supported. Use a token, tokenFile, client certificate or exec")
    has_certificate = bool(user.client_certificate or user.client_certificate_data)
    if has_certificate != bool(user.client_key or user.client_key_data):
        raise NotConnected(f"{where}: client-certificate and client-key are needed together. Add the missing one")


def _source(where: str, key: str, path: str, data: str, folder: Path) -> Source:
    """The data when there is any, else the file, as kubectl prefers them."""
    if not data:
        return Source(f"{where}: {key}", file=_path(path, folder))
    try:
        return Source(f"{where}: {key}-data", base64.b64decode(data, validate=True))
    except binascii.Error:
        raise NotConnected(f"{where}: {key}-data is not base64. Correct it") from None


def _path(path: str, folder: Path) -> Path | None:
    return folder / path if path else None


def _as_told(cluster: Cluster, authority: Source) -> dict[str, Any]:
    return {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(authority.read()).decode(),
    }
