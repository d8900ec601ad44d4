"""The gate in front of the API: a token becomes a user, and a user may or may not do what a request asks."""

from dataclasses import dataclass, field
from datetime import datetime

from kubesim.access.attributes import Attributes
from kubesim.access.rbac import Rbac
from kubesim.access.users import User, Users
from kubesim.errors import StatusError

NOT_ENFORCED = "kubesim stores RBAC objects and does not enforce them"


@dataclass(frozen=True, slots=True)
class Access:
    """Users and rules; without `enforced` every user may do everything."""

    users: Users = field(repr=False)
    rbac: Rbac
    enforced: bool = False

    def authenticate(self, authorization: str, now: datetime) -> User:
        """The user behind an Authorization header. Raises StatusError 401."""
        scheme, _, token = authorization.partition(" ")
        user = self.users.find(token, now) if scheme == "Bearer" and token else None
        if user is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return user

    def reason(self, user: User, asked: Attributes) -> str | None:
        """Why a request is allowed; None when it is not."""
        return self.rbac.allows(user, asked) if self.enforced else NOT_ENFORCED

    def require(self, user: User, asked: Attributes) -> None:
        """Let a request pass. Raises StatusError 403."""
        if self.reason(user, asked) is None:
            raise asked.refusal(user.name)
