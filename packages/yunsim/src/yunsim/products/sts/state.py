"""Who exists: the account's access keys, its RAM roles, its identity providers, and the temporary keys given out."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from yunsim.signature import AccessKey
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class Role:
    """A RAM role; `arn` is `acs:ram::<account>:role/<name>`."""

    name: str
    arn: str
    id: str


@dataclass
class State:
    """Everything of the product: `keys` by id, temporary ones included; `roles` by ARN; ARNs of OIDC `providers`."""

    keys: dict[str, AccessKey] = field(default_factory=dict, repr=False)
    roles: dict[str, Role] = field(default_factory=dict)
    providers: set[str] = field(default_factory=set)

    def find(self, resource_id: str) -> Role | None:
        """Return the role with that ARN, or None; keys are found by `key` alone."""
        return self.roles.get(resource_id)

    def key(self, key_id: str) -> AccessKey | None:
        """Return the access key with that id, or None."""
        return self.keys.get(key_id)


def of(world: World) -> State:
    """Return the product's state in a world, made empty on first use."""
    state: State = world.states.setdefault("sts", State())
    return state


def add_key(world: World, key_id: str, secret: str, role: str = "") -> None:
    """Give the account a lasting key; with `role`, the name of the RAM role that its calls act as."""
    of(world).keys[key_id] = AccessKey(key_id, secret, role=add_role(world, role).arn if role else "")


def add_role(world: World, name: str) -> Role:
    """Give the account a RAM role, or return the one of that name."""
    roles = of(world).roles
    arn = f"acs:ram::{world.account}:role/{name}"
    return roles.setdefault(arn, Role(name, arn, id=f"3{len(roles) + 1:017d}"))


def add_providers(world: World, names: Iterable[str]) -> None:
    """Give the account OIDC identity providers of these names."""
    of(world).providers |= {f"acs:ram::{world.account}:oidc-provider/{name}" for name in names}


def issue(world: World, role: Role, session: str, seconds: int) -> AccessKey:
    """Make a temporary key that acts as the role, and forget those that have run out."""
    now = world.clock.now()
    keys = of(world).keys
    for stale in [
        key.id for key in keys.values() if key.expires is not None and key.expires < now - timedelta(hours=1)
    ]:
        del keys[stale]
    key = AccessKey(
        id=f"STS.{secrets.token_hex(10)}",
        secret=secrets.token_urlsafe(32),
        token=secrets.token_urlsafe(96),
        expires=now.replace(microsecond=0) + timedelta(seconds=seconds),
        role=role.arn,
        session=session,
    )
    keys[key.id] = key
    return key


def instance_key(world: World, role_name: str, session: str, life: timedelta = timedelta(hours=6)) -> AccessKey:
    """Return the temporary key of an instance's role: the same one until half of its life is over."""
    role = add_role(world, role_name)
    fresh = world.clock.now() + life / 2
    for key in of(world).keys.values():
        if (key.role, key.session) == (role.arn, session) and key.expires is not None and key.expires > fresh:
            return key
    return issue(world, role, session, int(life.total_seconds()))


def expiration(moment: datetime | None) -> str:
    """Write a time as the service does; "" for never."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
