"""Role-based access control: which requests pass, and how the others are refused."""

import pytest

from kubesim.access.attributes import Attributes, of_path, verb_of
from kubesim.access.rbac import Rbac
from kubesim.access.users import User

GROUP = "rbac.authorization.k8s.io"
JANE = User("jane", ("dev",))


def rule(verbs, resources, *, groups=("",), names=()):
    made = {"verbs": [*verbs], "apiGroups": [*groups], "resources": [*resources]}
    return made | ({"resourceNames": [*names]} if names else {})


def role(verbs, name, *rules, namespace=""):
    kind = "roles" if namespace else "clusterroles"
    verbs.create(f"{kind}.{GROUP}", {"metadata": {"name": name}, "rules": [*rules]}, namespace)


def bind(verbs, name, role_kind, subject, *, namespace=""):
    kind = "rolebindings" if namespace else "clusterrolebindings"
    reference = {"apiGroup": GROUP, "kind": role_kind, "name": name}
    verbs.create(
        f"{kind}.{GROUP}", {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}, namespace
    )


@pytest.fixture
def rbac(verbs):
    return Rbac(verbs.storage)


def services(verb, namespace="default", name="", resource="services"):
    return Attributes(verb, "", resource, namespace, name)


def test_nothing_is_allowed_without_a_binding(verbs, rbac):
    role(verbs, "read", rule(["get"], ["services"]))
    assert rbac.allows(JANE, services("get")) is None


def test_a_cluster_role_binding_holds_in_every_namespace(verbs, rbac):
    role(verbs, "read", rule(["get", "list"], ["services"]))
    bind(verbs, "read", "ClusterRole", {"kind": "User", "name": "jane"})
    assert rbac.allows(JANE, services("get", "kube-system")) == (
        'RBAC: allowed by ClusterRoleBinding "read" of ClusterRole "read" to User "jane"'
    )
    assert rbac.allows(JANE, services("list", "")) is not None
    assert rbac.allows(JANE, services("delete")) is None
    assert rbac.allows(JANE, services("get", resource="services/status")) is None
    assert rbac.allows(JANE, Attributes("get", "apps", "services", "default")) is None


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_role_binding_holds_in_its_namespace_alone(verbs, rbac, kind):
    role(verbs, "read", rule(["*"], ["services"]), namespace="" if kind == "ClusterRole" else "default")
    bind(verbs, "read", kind, {"kind": "Group", "name": "dev"}, namespace="default")
    assert rbac.allows(JANE, services("get")) is not None
    assert rbac.allows(JANE, services("get", "kube-system")) is None
    assert rbac.allows(JANE, services("list", "")) is None


def test_service_accounts_are_meant_by_namespace_and_name(verbs, rbac):
    role(verbs, "read", rule(["get"], ["*"], groups=["*"]))
    bind(verbs, "read", "ClusterRole", {"kind": "ServiceAccount", "name": "ccm", "namespace": "kube-system"})
    assert rbac.allows(User("system:serviceaccount:kube-system:ccm"), services("get"))
    assert rbac.allows(User("system:serviceaccount:default:ccm"), services("get")) is None


def test_resource_names_allow_those_objects_alone(verbs, rbac):
    role(verbs, "one", rule(["get", "watch"], ["services"], names=["web"]))
    bind(verbs, "one", "ClusterRole", {"kind": "User", "name": "jane"})
    assert rbac.allows(JANE, services("get", name="web")) is not None
    assert rbac.allows(JANE, services("get", name="other")) is None
    assert rbac.allows(JANE, services("watch")) is None


def test_subresources_are_named_apart(verbs, rbac):
    role(verbs, "status", rule(["patch"], ["services/status", "*/scale"]))
    bind(verbs, "status", "ClusterRole", {"kind": "User", "name": "jane"})
    assert rbac.allows(JANE, services("patch", resource="services/status")) is not None
    assert rbac.allows(JANE, services("patch", resource="deployments/scale")) is not None
    assert rbac.allows(JANE, services("patch")) is None


@pytest.mark.parametrize(("path", "allowed"), [("/healthz", True), ("/metrics/cadvisor", True), ("/other", False)])
def test_paths_are_matched_whole_or_by_their_beginning(verbs, rbac, path, allowed):
    role(verbs, "paths", {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/metrics/*"]})
    bind(verbs, "paths", "ClusterRole", {"kind": "User", "name": "jane"})
    assert (rbac.allows(JANE, of_path("GET", path)) is not None) is allowed


def test_masters_need_no_rule(rbac):
    assert rbac.allows(User("root", ("system:masters",)), services("delete")) == ""


@pytest.mark.parametrize(
    ("method", "name", "watch", "verb"),
    [
        ("GET", "", False, "list"),
        ("GET", "a", False, "get"),
        ("GET", "", True, "watch"),
        ("POST", "", False, "create"),
        ("PUT", "a", False, "update"),
        ("PATCH", "a", False, "patch"),
        ("DELETE", "a", False, "delete"),
        ("DELETE", "", False, "deletecollection"),
    ],
)
def test_verbs_of_requests(method, name, watch, verb):
    assert verb_of(method, name, watch=watch) == verb


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            Attributes("list", "", "services", "a"),
            'services is forbidden: User "jane" cannot list resource "services" in API group "" in the namespace "a"',
        ),
        (
            Attributes("patch", "apps", "deployments/scale", "shop", "web"),
            'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments/scale" in API group "apps" in the namespace "shop"',  # noqa: E501 - the server's sentence
        ),
        (
            Attributes("list", "", "nodes"),
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
        (of_path("GET", "/metrics"), 'forbidden: User "jane" cannot get path "/metrics"'),
    ],
)
def test_refusals_are_in_the_servers_words(asked, message):
    refused = asked.refusal("jane")
    assert (refused.code, refused.reason, refused.message) == (403, "Forbidden", message)
