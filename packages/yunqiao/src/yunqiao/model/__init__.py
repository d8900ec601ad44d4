"""Pure values: what Kubernetes says, what the cloud holds, and one intended change."""
