"""The edge to Kubernetes: how it is reached, read, watched and written, and which copy of us leads.

connect (kubeconfig, credentials, trust) -> transport -> client (a model.kubernetes.KubeSource)
client -> watch -> cache -> snapshot, and client -> lease, client -> events. `cli` alone imports it.
"""
