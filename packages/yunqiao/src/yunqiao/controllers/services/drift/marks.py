"""Whose is it? The marks of one Service, as its wish shows them: what carries none of them is nobody's drift."""

from collections.abc import Iterator

from yunqiao.model.balancer import Balancer
from yunqiao.model.keys import read


class Marks:
    """The marks that a wish gives to listeners, groups and backends, whatever the port in them."""

    def __init__(self, wanted: Balancer) -> None:
        self._texts = frozenset(_texts(wanted))
        self._owners = frozenset(_owner(one) for one in self._texts) - {None}

    def own(self, text: str) -> bool:
        """Whether that text marks something as this Service's. Marks that were cut to fit are known in full only."""
        return text in self._texts or _owner(text) in self._owners


def _owner(text: str) -> tuple[str, str, str] | None:
    key = read(text)
    return None if key is None else (key.service, key.namespace, key.cluster)


def _texts(wanted: Balancer) -> Iterator[str]:
    yield from (one.description for one in wanted.listening)
    for group in wanted.groups:
        yield group.name
        if isinstance(group.backends, tuple):
            yield from (one.description for one in group.backends)
