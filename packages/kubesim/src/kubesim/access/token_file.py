"""Static users from a file, in the format of kube-apiserver's --token-auth-file: token,user,uid,"group1,group2".

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
"""

import csv
from pathlib import Path

from kubesim.access.users import AUTHENTICATED, User


class TokenFileError(Exception):
    """A token file that cannot be used; the message names the line and never a token."""


def load(file: Path) -> dict[str, User]:
    """The users by token. Raises OSError, TokenFileError."""
    users: dict[str, User] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, skipinitialspace=True), 1):
            if not row or row[0].startswith("#"):
                continue
            if len(row) not in (3, 4) or not row[0] or not row[1]:
                raise TokenFileError(f'{file}, line {number}: write token,user,uid or token,user,uid,"group1,group2"')
            if row[0] in users:
                raise TokenFileError(f"{file}, line {number}: this token stands on an earlier line already")
            groups = [name.strip() for name in "".join(row[3:]).split(",") if name.strip()]
            users[row[0]] = User(row[1], (*groups, AUTHENTICATED), row[2])
    return users
