"""Tutorial and guides are run: every command of their blocks, in one shell, against a sandbox; outputs are compared.

A block's first word is `console`; `terminal` after it means that the sandbox of the test takes its place, `yours` that
the values are this sandbox's, `kubectl` that the block is left out where there is no kubectl. In an output `...` is
anything, and the number of spaces does not matter. A command that only reads is repeated until it fits.
"""

import asyncio
import re
import shutil
import time
from pathlib import Path

import pytest

from yunqiao.cli.sandboxed.sandbox import sandbox

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorials" / "first-service.md"
GUIDES = [page for page in sorted((ROOT / "docs" / "guides").glob("*.md")) if "```console yours" in page.read_text()]
BLOCK = re.compile(r"^```console ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS, EVERY = 15, 0.1
ACTIONS = "Add|Allocate|Associate|Create|Delete|Modify|Remove|Set|Start|Upload"
WRITES = re.compile(rf"-X|--json|kubectl (apply|delete)|(slb|ecs|vpc) ({ACTIONS})")
END = "<<end of output>>"


def steps(page, kind):
    """(kind, command, expected output) of the blocks of these kinds, in order."""
    for found, text in BLOCK.findall(page.read_text()):
        if found in kind:
            for part in text.split("$ ", 1)[1].split("\n$ "):
                command, _, output = part.partition("\n")
                yield found, command, output.strip()


def fits(output, expected):
    """Whether an output is what the page says; spaces and `...` aside."""
    pattern = r"\s+".join(r".*".join(map(re.escape, word.split("..."))) for word in expected.split())
    return re.fullmatch(pattern.replace(r"\s+.*\s+", r"\s+.*"), output.strip(), re.DOTALL) is not None


class Shell:
    """One bash that keeps variables and functions between commands."""

    async def open(self):
        """Start it in the project's folder."""
        self._process = await asyncio.create_subprocess_exec(
            "bash", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def run(self, command):
        """Its output."""
        self._process.stdin.write(f"{command}\necho; echo '{END}'\n".encode())
        answer = await asyncio.wait_for(self._process.stdout.readuntil(f"{END}\n".encode()), SECONDS)
        return answer.decode().removesuffix(f"{END}\n").strip()

    async def close(self):
        """End it."""
        self._process.stdin.close()
        await self._process.wait()


async def follow(shell, command, expected):
    """Run a command; one that only reads, again until its output fits."""
    end = time.monotonic() + SECONDS
    while True:
        output = await shell.run(command)
        if fits(output, expected):
            return
        reads = not WRITES.search(command)
        assert reads, f"$ {command}\n{output}\nbut the page says\n{expected}"
        assert time.monotonic() < end, f"$ {command}\n{output}\nbut the page says\n{expected}"
        await asyncio.sleep(EVERY)


@pytest.mark.parametrize("page", [TUTORIAL, *GUIDES], ids=lambda page: page.stem)
async def test_every_command_of_a_page_does_what_it_says(page):
    if shutil.which("curl") is None:
        pytest.skip("the pages need curl")
    kinds = {"", "yours"} | ({"kubectl"} if shutil.which("kubectl") else set())
    shell = Shell()
    async with sandbox(pods_have_interfaces="PODS=interfaces" in page.read_text()) as box:
        values = {"CLOUD": box.cloud, "CLUSTER": box.cluster, "export KUBECONFIG": str(box.kubeconfig)}
        await shell.open()
        try:
            waiting = ""
            for kind, command, expected in steps(page, kinds):
                if kind == "yours":
                    name = command.partition("=")[0]
                    await shell.run(f"{name}={values[name]}")
                elif command.startswith("ADDRESS="):
                    waiting = f"{command}\n"  # it is there a moment later: read anew with what shows it
                else:
                    await follow(shell, waiting + command, expected)
                    waiting = ""
        finally:
            await shell.close()
    if "kubectl" not in kinds:
        pytest.skip("all but the blocks with kubectl, which is not installed here")


def test_the_page_has_the_commands_that_it_promises():
    commands = [command for _, command, _ in steps(TUTORIAL, {"", "yours", "kubectl"})]
    assert len(commands) >= 15
    assert any(command.startswith("kubectl") for command in commands)
