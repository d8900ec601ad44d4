"""The rules of each kind: defaults, validation, and what an update may change. One table, one module per family."""

from collections.abc import Mapping

from kubesim.api.rules import (
    admission_policies,
    configuration,
    custom,
    endpoints,
    events,
    namespaces,
    nodes,
    pods,
    services,
    workloads,
)
from kubesim.api.rules.rule import Rules

RULES: Mapping[str, Rules] = {
    "namespaces": namespaces.RULES,
    "nodes": nodes.RULES,
    "pods": pods.RULES,
    "services": services.RULES,
    "endpoints": endpoints.ENDPOINTS,
    "endpointslices.discovery.k8s.io": endpoints.SLICES,
    "events": events.RULES,
    "configmaps": configuration.CONFIGMAPS,
    "secrets": configuration.SECRETS,
    "leases.coordination.k8s.io": configuration.LEASES,
    "persistentvolumes": configuration.VOLUMES,
    "persistentvolumeclaims": configuration.VOLUMES,
    "rolebindings.rbac.authorization.k8s.io": configuration.BINDINGS,
    "clusterrolebindings.rbac.authorization.k8s.io": configuration.BINDINGS,
    "deployments.apps": workloads.DEPLOYMENTS,
    "replicasets.apps": workloads.REPLICASETS,
    "daemonsets.apps": workloads.DAEMONSETS,
    "statefulsets.apps": workloads.STATEFULSETS,
    "jobs.batch": workloads.JOBS,
    "customresourcedefinitions.apiextensions.k8s.io": custom.RULES,
    "validatingadmissionpolicies.admissionregistration.k8s.io": admission_policies.POLICIES,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": admission_policies.BINDINGS,
}
NO_RULES = Rules()
