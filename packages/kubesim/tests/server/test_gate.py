"""A server that enforces RBAC: users with tokens do what bindings allow, and nothing else."""

import aiohttp
import pytest

from kubesim.access.users import User
from kubesim.server.serving import Settings, serving

GROUP = "rbac.authorization.k8s.io"
SERVICES = "/api/v1/namespaces/default/services"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
async def guarded():
    users = {"janes": User("jane", ("dev", "system:authenticated"))}
    async with serving(Settings(token="admins", tls=False, enforce_rbac=True, users=users)) as started:
        yield started


@pytest.fixture
async def ask(guarded):
    async with aiohttp.ClientSession(guarded.url) as session:

        async def call(token, method, path, **named):
            headers = {"Authorization": f"Bearer {token}"} | named.pop("headers", {})
            async with session.request(method, path, headers=headers, **named) as response:
                return response.status, await response.json()

        yield call


def allow(verbs, *rules, namespace="default"):
    subject = {"kind": "User", "name": "jane"}
    where = namespace or None
    kinds = ("roles", "rolebindings", "Role") if where else ("clusterroles", "clusterrolebindings", "ClusterRole")
    verbs.create(f"{kinds[0]}.{GROUP}", {"metadata": {"name": "r"}, "rules": [*rules]}, namespace)
    reference = {"apiGroup": GROUP, "kind": kinds[2], "name": "r"}
    binding = {"metadata": {"name": "r"}, "roleRef": reference, "subjects": [subject]}
    verbs.create(f"{kinds[1]}.{GROUP}", binding, namespace)


async def test_the_administrator_may_do_everything(ask):
    assert (await ask("admins", "GET", "/api/v1/nodes"))[0] == 200


async def test_a_user_may_do_nothing_but_discover(ask):
    assert (await ask("janes", "GET", "/api/v1"))[0] == 200
    assert (await ask("janes", "GET", "/version"))[0] == 200
    status, refused = await ask("janes", "GET", f"{SERVICES}/web")
    assert (status, refused["reason"]) == (403, "Forbidden")
    assert refused["message"] == (
        'services "web" is forbidden: User "jane" cannot get resource "services" in API group "" in the namespace '
        '"default"'
    )
    assert refused["details"] == {"name": "web", "kind": "services"}


async def test_a_role_opens_what_it_names(guarded, ask):
    allow(guarded.verbs, {"verbs": ["list"], "apiGroups": [""], "resources": ["services"]})
    assert (await ask("janes", "GET", SERVICES))[0] == 200
    assert (await ask("janes", "GET", f"{SERVICES}?watch=1&timeoutSeconds=1"))[0] == 403
    assert (await ask("janes", "GET", "/api/v1/services"))[0] == 403
    assert (await ask("janes", "POST", SERVICES, json={}))[0] == 403


async def test_a_watch_of_one_object_is_covered_by_its_name(guarded, ask):
    allow(
        guarded.verbs,
        {"verbs": ["list"], "apiGroups": [""], "resources": ["services"], "resourceNames": ["kubernetes"]},
    )
    assert (await ask("janes", "GET", f"{SERVICES}?fieldSelector=metadata.name%3Dkubernetes"))[0] == 200
    assert (await ask("janes", "GET", f"{SERVICES}?fieldSelector=metadata.name%3Dweb"))[0] == 403


async def test_an_apply_that_creates_needs_create(guarded, ask):
    allow(guarded.verbs, {"verbs": ["patch"], "apiGroups": [""], "resources": ["configmaps"]})
    path = "/api/v1/namespaces/default/configmaps/c?fieldManager=me"
    text, headers = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}",
        {"Content-Type": "application/apply-patch+yaml"},
    )
    status, refused = await ask("janes", "PATCH", path, data=text, headers=headers)
    assert (status, "cannot create resource" in refused["message"]) == (403, True)
    guarded.verbs.create("configmaps", {"metadata": {"name": "c"}}, "default")
    assert (await ask("janes", "PATCH", path, data=text, headers=headers))[0] == 200


async def test_a_user_learns_what_it_may_do(guarded, ask):
    allow(guarded.verbs, {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}, namespace="")
    for verb, allowed in (("get", True), ("delete", False)):
        asked = {"spec": {"resourceAttributes": {"verb": verb, "resource": "nodes"}}}
        assert (await ask("janes", "POST", REVIEWS, json=asked))[1]["status"]["allowed"] is allowed
        asked["spec"] |= {"user": "jane"}
        others = REVIEWS.replace("self", "")
        assert (await ask("admins", "POST", others, json=asked))[1]["status"]["allowed"] is allowed
    assert (await ask("janes", "POST", others, json=asked))[0] == 403


async def test_a_service_account_is_given_a_token_that_is_its_own(ask):
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    status, made = await ask("admins", "POST", path, json={"spec": {"expirationSeconds": 900}})
    assert (status, made["kind"], made["spec"]["expirationSeconds"]) == (201, "TokenRequest", 900)
    token = made["status"]["token"]
    _, whoami = await ask(token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", json={})
    assert whoami["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"
    assert (await ask(token, "GET", SERVICES))[0] == 403
    _, review = await ask(
        "admins", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", json={"spec": {"token": token}}
    )
    assert review["status"]["authenticated"] is True


@pytest.mark.parametrize(("seconds", "words"), [(60, "less than 10 minutes"), (1 << 33, "larger than 2^32 seconds")])
async def test_a_token_holds_neither_too_short_nor_too_long(ask, seconds, words):
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    status, refused = await ask("admins", "POST", path, json={"spec": {"expirationSeconds": seconds}})
    assert (status, words in refused["message"]) == (422, True)
    assert (await ask("admins", "POST", path.replace("accounts/default", "accounts/none"), json={}))[0] == 404


async def test_the_control_paths_are_the_administrators(ask):
    assert (await ask("admins", "GET", "/_kubesim/requests"))[0] == 200
    assert (await ask("janes", "GET", "/_kubesim/requests"))[0] == 403
