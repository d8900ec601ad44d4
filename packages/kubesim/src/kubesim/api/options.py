"""What a writer may say besides the object: who writes, whether for real, and how strictly fields are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kubesim.access.users import MASTERS, User

FieldValidation = Literal["Ignore", "Warn", "Strict"]

ITSELF = User("kubesim", (MASTERS,))


def _unheard(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Write:
    """Options of create, update, patch and delete; the defaults suit writers inside the process."""

    manager: str = "kubesim"
    """Field manager that managedFields records."""
    dry_run: bool = False
    """Answer as if written, write nothing."""
    force: bool = False
    """Server-side apply takes fields over from other managers."""
    validation: FieldValidation = "Warn"
    """What happens to unknown fields: dropped, dropped with a warning, refused."""
    warn: Callable[[str], None] = _unheard
    """Receives the texts of Warning headers."""
    user: User = ITSELF
    """Who writes, as admission policies see it."""
