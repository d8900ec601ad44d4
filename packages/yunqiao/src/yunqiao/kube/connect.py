"""Where the API server is and how we prove who we are.

Looked for in this order, the first that is set counts: --kubeconfig, the variable KUBECONFIG, the service account of
the pod we run in, ~/.kube/config.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yunqiao.kube.credentials import Credentials, NotConnected, Source, from_sources
from yunqiao.kube.kubeconfig import Kubeconfig
from yunqiao.kube.trust import Trust
from yunqiao.model.clock import Clock

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything a Client needs; `source` says in errors where it was found."""

    server: str
    credentials: Credentials
    trust: Trust
    source: str


def find(
    clock: Clock,
    kubeconfig: str = "",
    environ: Mapping[str, str] | None = None,
    account: Path = ACCOUNT,
    home: Path | None = None,
) -> Connection:
    """Give the connection that is configured; `kubeconfig` is the flag's value. Raises NotConnected saying the fix."""
    environ = os.environ if environ is None else environ
    if kubeconfig:
        return _from_files([Path(kubeconfig)], clock)
    if environ.get("KUBECONFIG"):
        return _from_files(_existing(environ["KUBECONFIG"]), clock)
    if environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT"):
        return _from_account(environ, account, clock)
    fallback = (home or Path.home()) / ".kube" / "config"
    if fallback.exists():
        return _from_files([fallback], clock)
    raise NotConnected(
        f"no way to the API server: --kubeconfig and KUBECONFIG are empty, this is no pod, {fallback} does not exist. "
        "Pass --kubeconfig FILE"
    )


def _existing(paths: str) -> list[Path]:
    files = [Path(path) for path in paths.split(os.pathsep) if path]
    existing = [file for file in files if file.exists()]
    if not existing:
        raise NotConnected(f"KUBECONFIG is {paths}, but no such file exists. Correct or unset it")
    return existing


def _from_files(files: list[Path], clock: Clock) -> Connection:
    config = Kubeconfig(files)
    server, trust, cluster = config.server()
    return Connection(server, config.credentials(clock, cluster), trust, f"context {config.current} of {config.files}")


def _from_account(environ: Mapping[str, str], account: Path, clock: Clock) -> Connection:
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ["KUBERNETES_SERVICE_PORT"]
    where = "service account of this pod"
    token = Source(f"{where}: token", file=account / "token")
    trust = Trust(Source(f"{where}: certificate authority", file=account / "ca.crt"))
    credentials = from_sources(token, Source(""), Source(""), clock)
    return Connection(f"https://{f'[{host}]' if ':' in host else host}:{port}", credentials, trust, where)
