"""Who runs the commands in these tests: this user, and one without any privilege."""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534
WHY_NOT = "from yunqiao.cli.sandboxed.namespace import why_not; print(why_not(routed={}))"
PROGRAMS = ("yunqiao", "yunsim", "kubesim", "cloud-controller-manager")


@dataclass(frozen=True)
class User:
    """Somebody with a Python that has the commands beside it, and a folder for temporary files."""

    python: Path
    folder: Path
    more: Mapping[str, Any]
    """How a process of this user is started."""

    def start(self, program: str, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.python.parent / program, *arguments],
            env=os.environ | {"TMPDIR": str(self.folder), "HOME": str(self.folder), "NET": ""},
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **self.more,
        )

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(program, *arguments)
        out, err = process.communicate(timeout=50)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def processes(self) -> list[str]:
        """Command lines of the programs that a sandbox of this user has started."""
        return [line for line in _command_lines() if str(self.folder) in line]

    def none_left(self, seconds: float = 5.0) -> bool:
        end = time.monotonic() + seconds
        while self.processes() and time.monotonic() < end:
            time.sleep(0.05)
        return not self.processes()

    def needs_private(self, *, routed: bool = False) -> None:
        """Skip the test where this user cannot have a private network, or not one with a namespace for each machine."""
        if why := self.run(self.python.name, "-c", WHY_NOT.format(routed)).stdout.strip():
            pytest.skip(f"a private network is not possible here: {why}")


@contextmanager
def _sandbox(user: User, net: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    process = user.start("yunqiao", "sandbox", "--net", net, "--output", "json")
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def sandbox() -> Callable[..., Any]:
    """A running sandbox of that user in that network: the process, and what it has told."""
    return _sandbox


def _command_lines() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may enter; pytest's own are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="yunqiao-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def user(folder: Path) -> User:
    """Whoever runs the tests."""
    if sys.platform != "linux":
        pytest.skip("needs Linux: addresses of 127.0.0.0/8, and /proc")
    return User(Path(sys.executable), folder, {})


@pytest.fixture
def ordinary(user: User, folder: Path) -> User:
    """Somebody who is not root: this user, or nobody with a Python that nobody can reach."""
    if os.geteuid() != 0:
        return user
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    nobody = User(_virtualenv(folder / "venv"), home, {"user": NOBODY, "group": NOBODY, "extra_groups": []})
    try:
        able = nobody.run("python", "-c", "import yunqiao, yunsim, kubesim").returncode == 0
    except OSError:
        able = False
    if not able:
        pytest.skip(f"user {NOBODY} cannot reach this Python ({sys.executable}) nor the system's, or their packages")
    return nobody


def _virtualenv(folder: Path) -> Path:
    """A virtual environment of a Python that other users may run, with the packages and commands of this one."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = Path("/usr/bin", version)
    base = system if system.exists() else Path(sys.executable).resolve()
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)
    packages = folder / "lib" / version / "site-packages" / "all.pth"
    packages.write_text(f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n")
    for name in PROGRAMS:
        _, _, code = Path(sys.executable).with_name(name).read_text().partition("\n")
        (folder / "bin" / name).write_text(f"#!{folder}/bin/python\n{code}")
        (folder / "bin" / name).chmod(0o755)
    return folder / "bin" / "python"
