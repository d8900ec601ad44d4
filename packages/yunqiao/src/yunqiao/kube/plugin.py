"""Credentials from a program: the `exec` section of a kubeconfig user.

The protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from yunqiao.kube.credentials import Credentials, Found, Identity, NotConnected
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Lost

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
LIMIT_SECONDS = 60.0
EARLY_SECONDS = 10.0
"""A credential is renewed this long before it expires, so that no request meets the API server with a dead one."""


class Variable(msgspec.Struct, frozen=True):
    """One variable of the program's environment."""

    name: str
    value: str


class Exec(msgspec.Struct, frozen=True, rename="camel"):
    """The `exec` section as it stands in the kubeconfig."""

    command: str
    api_version: str
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


class _Status(msgspec.Struct, rename="camel"):
    expiration_timestamp: datetime | None = None
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str
    status: _Status


class Plugin:
    """One program that gives credentials; `where` names its place in errors, `cluster` is told when it asks."""

    def __init__(self, section: Exec, where: str, folder: Path, cluster: dict[str, Any]) -> None:
        self._section, self._where, self._cluster = section, where, cluster
        if section.api_version not in VERSIONS:
            raise NotConnected(
                f"{where}: exec.apiVersion is {section.api_version}, allowed are {' and '.join(VERSIONS)}. "
                "Use a plugin release that speaks one of these"
            )
        if section.interactive_mode == "Always":
            raise NotConnected(
                f"{where}: exec.interactiveMode is Always, but nobody can answer here. Use a token instead"
            )
        bare = os.sep not in section.command
        self._command = section.command if bare else str(folder / section.command)

    def credentials(self, clock: Clock, wall: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Credentials:
        """Give its credentials, kept until shortly before they expire."""

        async def read() -> Found:
            status = self._read(await self._run())
            identity = Identity(status.token, status.client_certificate_data.encode(), status.client_key_data.encode())
            expiry = status.expiration_timestamp
            return Found(identity, None if expiry is None else (expiry - wall()).total_seconds() - EARLY_SECONDS)

        return Credentials(read, clock)

    def _environment(self) -> dict[str, str]:
        spec: dict[str, Any] = {"interactive": False}
        if self._section.provide_cluster_info:
            spec["cluster"] = self._cluster
        info = {"apiVersion": self._section.api_version, "kind": "ExecCredential", "spec": spec}
        own = {variable.name: variable.value for variable in self._section.env or []}
        return {**os.environ, **own, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}

    async def _run(self) -> bytes:
        """What the program printed. Its error output is not repeated: nobody knows what is in it."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._command, *(self._section.args or []), env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise NotConnected(
                f"{self._where}: exec.command {self._command} cannot be run: {error.strerror}. "
                f"{self._section.install_hint or 'Install it or correct the path'}"
            ) from None
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            raise Lost(f"{self._where}: {self._command} gave no credentials in {LIMIT_SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise Lost(f"{self._where}: {self._command} ended with {process.returncode}. Run it by hand to see why")
        return output

    def _read(self, output: bytes) -> _Status:
        try:
            answer = msgspec.json.decode(output, type=_Answer)
        except msgspec.MsgspecError:
            raise Lost(f"{self._where}: {self._command} printed no ExecCredential with a status") from None
        if answer.api_version != self._section.api_version:
            raise Lost(
                f"{self._where}: {self._command} answered in {answer.api_version}, not in {self._section.api_version}"
            )
        status = answer.status
        if not status.token and not (status.client_certificate_data and status.client_key_data):
            raise Lost(f"{self._where}: {self._command} gave neither a token nor a client certificate with its key")
        return status
