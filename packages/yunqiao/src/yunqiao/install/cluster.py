"""Can the controller use the cluster, and who leads there? Connection, rights, Lease."""

from collections.abc import Iterable, Iterator

from yunqiao.install.findings import Finding, broken, failed, ok, unchecked, warning
from yunqiao.install.permissions import Rule, written
from yunqiao.install.sight import Cluster, Lock
from yunqiao.model.errors import Trouble

CONNECT = "check --kubeconfig (or KUBECONFIG), and whether this machine reaches the server that it names"
START = "start the controller: kubectl -n kube-system get pods -l app=cloud-controller-manager, and see its log"
ACCOUNT = "system:serviceaccount:"
LEADER, OTHERS = "leader", "other controllers"


def connection(seen: Cluster | Trouble) -> Iterator[Finding]:
    """The API server, and which rights are missing."""
    if isinstance(seen, Trouble):
        yield failed("API server", seen, CONNECT)
        return
    yield ok("API server", f"{seen.server}, Kubernetes {seen.version}")
    yield from _rights(seen)


def _rights(seen: Cluster) -> Iterator[Finding]:
    who = seen.user or "this user"
    if isinstance(seen.allowed, Trouble):
        yield unchecked("rights (RBAC)", f"{seen.allowed}")
        return
    missing: dict[Rule, list[str]] = {}
    for right, is_allowed in seen.allowed.items():
        if not is_allowed:
            missing.setdefault(right.rule, []).append(right.verb)
    if not any(_matters(rule, missing) for rule in missing):
        yield ok(
            "rights (RBAC)", f"{who} may do all that the controller does ({len(seen.allowed)} rights){_not_it(who)}"
        )
    for rule, verbs in missing.items():
        if _matters(rule, missing):
            yield _missing(rule, verbs, who)


def _matters(rule: Rule, missing: Iterable[Rule]) -> bool:
    """Whether a right that is missing is one that is used: what it stands in for is missing as well."""
    return not rule.instead_of or any(one.resource == rule.instead_of for one in missing)


def _not_it(who: str) -> str:
    """What to keep in mind when somebody else than the controller asks."""
    return "" if who.startswith(ACCOUNT) else "; its own ServiceAccount may have fewer"


def _missing(rule: Rule, verbs: Iterable[str], who: str) -> Finding:
    listed = " and ".join(verbs)
    named = f" {rule.name}" if rule.name else ""
    where = f" in namespace {rule.namespace}" if rule.namespace else ""
    found = f"{who} may not {listed} {rule.resource}{named}{where}"
    role = f"a Role in {rule.namespace}" if rule.namespace else "the controller's ClusterRole"
    fix = f"add to {role}: {written(rule, verbs)}"
    check = f"right to {rule.resource}"
    return warning(check, f"{found}: {rule.without}", fix) if rule.without else broken(check, found, fix)


def leading(seen: Cluster | Trouble) -> Iterator[Finding]:
    """Who holds the controller's lock, and who else believes to be the one controller."""
    if isinstance(seen, Trouble):
        yield unchecked(LEADER, "because of: API server")
        return
    yield _leader(seen)
    yield from _others(seen)


def _leader(seen: Cluster) -> Finding:
    lock = seen.lock
    if isinstance(lock, Trouble):
        return unchecked(LEADER, str(lock))
    if lock is None:
        return warning(LEADER, "nobody has ever led: its Lease is absent", START)
    told = f"{lock.holder.identity or 'nobody'} holds {lock.place}, renewed {lock.holder.age:.0f} s ago"
    if not lock.holder.works:
        return broken(LEADER, f"{told} for {lock.holder.duration:.0f} s: no controller runs", START)
    if not lock.ours:
        return warning(LEADER, f"{told}; it is another controller, and yunqiao waits for it", "stop it, if it is to go")
    return ok(LEADER, told)


def _others(seen: Cluster) -> Iterator[Finding]:
    """A process may hold several locks; two processes must not hold one each."""
    own = seen.lock.holder.identity if isinstance(seen.lock, Lock) and seen.leads else ""
    for lock in seen.others:
        if lock.holder.works and own and lock.holder.identity != own:
            text = f"{lock.holder.identity} holds {lock.place} (renewed {lock.holder.age:.0f} s ago) while {own} leads"
            yield broken(OTHERS, f"two controllers work at once: {text}", _stop(lock))
        elif lock.holder.works and not own:
            text = f"{lock.holder.identity} holds {lock.place} and does its work as long as it runs"
            yield warning(OTHERS, text, _stop(lock))


def _stop(lock: Lock) -> str:
    return (
        f"stop the one that you do not want: the process on {lock.holder.identity.partition('_')[0]} that holds "
        f"{lock.place} (kubectl -n kube-system get pods -o wide)"
    )
