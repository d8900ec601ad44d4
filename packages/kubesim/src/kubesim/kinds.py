"""Which kinds are served: one table, from which discovery, routing, schema and rules take what they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubesim.schema.definitions import Type, definition


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object and how it is served."""

    group: str
    version: str
    name: str
    plural: str
    package: str
    """The Go package of its published definition: `core` in io.k8s.api.core.v1.Pod."""
    short: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    status: bool = False
    """Has a status subresource: plain writes leave the status alone."""
    scale: bool = False
    generation: bool = False
    """metadata.generation counts the changes of what is wanted."""
    answers_deleted: bool = False
    """DELETE answers with the object that went, not with a Status."""
    stored_as: str = ""
    """The resource that shares its storage (events.k8s.io/v1 events are core/v1 events)."""
    structure: Type | None = field(default=None, compare=False)
    """The type of a custom resource, which has no published definition."""

    @property
    def resource(self) -> str:
        """The group-qualified plural: "pods", "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        """The lower-case kind."""
        return self.name.lower()

    @property
    def api_version(self) -> str:
        """What stands in apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def definition(self) -> str:
        """Name of its definition in the published schema."""
        if self.structure is not None:
            return ".".join((*reversed(self.group.split(".")), self.version, self.name))
        package = self.package if "." in self.package else f"api.{self.package}"
        return f"io.k8s.{package}.{self.version}.{self.name}"

    @property
    def type(self) -> Type:
        """What fields its objects have."""
        return self.structure or definition(self.definition)

    @property
    def verbs(self) -> tuple[str, ...]:
        """What discovery says can be done."""
        every = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
        return tuple(verb for verb in every if verb != "deletecollection" or self.name != "Namespace")


def _apps(name: str, plural: str, short: str, *, scale: bool = True) -> Kind:
    return Kind(
        "apps", "v1", name, plural, "apps", (short,), categories=("all",), status=True, scale=scale, generation=True
    )


def _rbac(name: str, plural: str, *, namespaced: bool) -> Kind:
    return Kind("rbac.authorization.k8s.io", "v1", name, plural, "rbac", namespaced=namespaced)


KINDS: tuple[Kind, ...] = (
    Kind("", "v1", "Namespace", "namespaces", "core", ("ns",), namespaced=False, status=True),
    Kind("", "v1", "Node", "nodes", "core", ("no",), namespaced=False, status=True),
    Kind(
        "", "v1", "Pod", "pods", "core", ("po",),
        categories=("all",), status=True, generation=True, answers_deleted=True,
    ),
    Kind("", "v1", "Service", "services", "core", ("svc",), categories=("all",), status=True, answers_deleted=True),
    Kind("", "v1", "Endpoints", "endpoints", "core", ("ep",)),
    Kind("", "v1", "ConfigMap", "configmaps", "core", ("cm",)),
    Kind("", "v1", "Secret", "secrets", "core"),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", "core", ("sa",), answers_deleted=True),
    Kind("", "v1", "Event", "events", "core", ("ev",)),
    Kind(
        "", "v1", "PersistentVolume", "persistentvolumes", "core", ("pv",),
        namespaced=False, status=True, answers_deleted=True,
    ),
    Kind(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "core", ("pvc",),
        status=True, answers_deleted=True,
    ),
    _apps("Deployment", "deployments", "deploy"),
    _apps("ReplicaSet", "replicasets", "rs"),
    _apps("DaemonSet", "daemonsets", "ds", scale=False),
    _apps("StatefulSet", "statefulsets", "sts"),
    Kind("batch", "v1", "Job", "jobs", "batch", categories=("all",), status=True, generation=True),
    Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "discovery", generation=True),
    Kind("coordination.k8s.io", "v1", "Lease", "leases", "coordination"),
    Kind("events.k8s.io", "v1", "Event", "events", "events", ("ev",), stored_as="events"),
    _rbac("Role", "roles", namespaced=True),
    _rbac("RoleBinding", "rolebindings", namespaced=True),
    _rbac("ClusterRole", "clusterroles", namespaced=False),
    _rbac("ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Kind(
        "admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies",
        "admissionregistration", namespaced=False, categories=("api-extensions",), status=True, generation=True,
    ),
    Kind(
        "admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings",
        "admissionregistration", namespaced=False, categories=("api-extensions",), generation=True,
    ),
    Kind(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
        "apiextensions-apiserver.pkg.apis.apiextensions", ("crd", "crds"),
        namespaced=False, categories=("api-extensions",), status=True, generation=True,
    ),
)  # fmt: skip

CUSTOM = "customresourcedefinitions.apiextensions.k8s.io"
"""The resource whose objects describe further kinds."""
BY_RESOURCE: Mapping[str, Kind] = {kind.resource: kind for kind in KINDS}
