"""The kubeconfig that clients are given: address, authority and token in one file only its owner may read."""

import base64
import os
from pathlib import Path

import yaml

from kubesim.objects import Object


def kubeconfig(url: str, token: str, authority: bytes | None) -> Object:
    """A kubeconfig with one cluster, one user and one context, all called kubesim."""
    cluster: Object = {"server": url}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubesim", "cluster": cluster}],
        "users": [{"name": "kubesim", "user": {"token": token}}],
        "contexts": [{"name": "kubesim", "context": {"cluster": "kubesim", "user": "kubesim", "namespace": "default"}}],
        "current-context": "kubesim",
    }


def write(path: Path, config: Object) -> None:
    """Write it with mode 0600, whatever was there before. Raises OSError."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write the kubeconfig {path}: there is no folder {path.parent}; make it first")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file, sort_keys=False)
    beside.replace(path)
