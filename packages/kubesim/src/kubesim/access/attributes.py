"""What a request wants to do, in the words of authorization: a verb on a resource, or on a path.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-attributes-used-in-authorization
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kubesim.errors import StatusError

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_NAMED_BY_FIELD = re.compile(r"(?:^|,)metadata\.name==?([^,]+)")


@dataclass(frozen=True, slots=True)
class Attributes:
    """A request as rules see it; `path` alone is set for what is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    """The plural, with its subresource: "services/status"."""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def refusal(self, user: str) -> StatusError:
        """403 in the server's words."""
        if self.path:
            words = f'forbidden: User "{user}" cannot {self.verb} path "{self.path}"'
            return StatusError(403, "Forbidden", words, {})
        plural = self.resource.partition("/")[0]
        head = plural + (f".{self.group}" if self.group else "") + (f' "{self.name}"' if self.name else "")
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        what = f'{self.verb} resource "{self.resource}" in API group "{self.group}" {where}'
        details = {"name": self.name} if self.name else {}
        details |= {"group": self.group} if self.group else {}
        message = f'{head} is forbidden: User "{user}" cannot {what}'
        return StatusError(403, "Forbidden", message, details | {"kind": plural})


def of_path(method: str, path: str) -> Attributes:
    """The attributes of a request for something that is no resource."""
    return Attributes(_VERBS.get(method, method.lower()), path=path)


def verb_of(method: str, name: str, *, watch: bool) -> str:
    """The verb of a request for a resource."""
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    if method in ("GET", "HEAD"):
        return "watch" if watch else "get" if name else "list"
    return _VERBS.get(method, method.lower())


def name_in_selector(query: Mapping[str, str]) -> str:
    """The one name that a field selector asks for: rules with resourceNames hold for such lists and watches."""
    found = _NAMED_BY_FIELD.search(query.get("fieldSelector", ""))
    return found[1] if found else ""
