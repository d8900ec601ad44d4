"""The edge to Kubernetes: client, watch, cache, Lease and events."""
