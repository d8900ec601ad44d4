"""Controllers and nodes without machines: deployments become pods, pods become endpoints, and both really answer."""
