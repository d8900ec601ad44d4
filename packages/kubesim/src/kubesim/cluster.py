"""A cluster as it is when its API first answers: four namespaces, their accounts, and the kubernetes Service."""

from kubesim.api.options import Write
from kubesim.api.verbs import Verbs

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


def new_cluster(verbs: Verbs | None = None) -> Verbs:
    """Verbs on a fresh cluster (or on the store given) with what every cluster has from the start."""
    verbs = verbs or Verbs()
    system = Write(manager="kube-apiserver")
    for name in NAMESPACES:
        verbs.create("namespaces", {"metadata": {"name": name}}, options=system)
    labels = {"component": "apiserver", "provider": "kubernetes"}
    spec = {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}
    verbs.create("services", {"metadata": {"name": "kubernetes", "labels": labels}, "spec": spec}, options=system)
    return verbs
