"""May we do in the cloud what the controllers do? Each action that only looks has been tried; what writes is not."""

from collections.abc import Collection, Iterator

from yunqiao.install.answers import blamed, is_let_through
from yunqiao.install.findings import Finding, Status, broken, is_forbidden, unchecked
from yunqiao.install.permissions import WRITES, needed, statement
from yunqiao.install.sight import Cloud, in_the_way
from yunqiao.model.errors import Trouble

READING, WRITING = "read permissions (RAM)", "write permissions (RAM)"


def allowed(seen: Cloud | Trouble, controllers: Collection[str]) -> Iterator[Finding]:
    """What is allowed, what is not, and what could not be found out."""
    if isinstance(seen, Trouble):
        yield unchecked(READING, in_the_way(seen))
    elif isinstance(seen.key, Trouble):
        yield unchecked(READING, "because of: credentials")
    else:
        yield from _reads(seen)
    yield from _writes(controllers)


def _reads(seen: Cloud) -> Iterator[Finding]:
    through = [str(action) for action, answer in seen.answers.items() if is_let_through(answer)]
    if through:
        found = f"{len(through)} of {len(seen.answers)} actions that only look are allowed"
        yield Finding(READING, Status.OK, found, details=tuple(through))
    unclear: dict[str, list[str]] = {}
    for action, answer in seen.answers.items():
        if answer is not None and is_forbidden(answer):
            fix = f"add to the RAM policy: {statement([action])}"
            yield broken(f"permission {action}", str(answer.fault), fix)
        elif answer is not None and not is_let_through(answer):
            why = f"because of: {blamed(answer)}" if blamed(answer) else str(answer)
            unclear.setdefault(why, []).append(str(action))
    for why, actions in unclear.items():
        yield Finding(READING, Status.UNCHECKED, f"{len(actions)} actions, {why}", details=tuple(actions))


def _writes(controllers: Collection[str]) -> Iterator[Finding]:
    """What changes something cannot be tried without changing something."""
    actions = needed(WRITES, controllers)
    if actions:
        found = f"{len(actions)} actions that change something; to try them would be to change something"
        fix = "see that the RAM policy has them all: --output json lists them"
        yield Finding(WRITING, Status.UNCHECKED, found, fix, tuple(map(str, actions)))
