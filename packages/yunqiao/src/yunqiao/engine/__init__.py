"""The generic loop: queue, converge, limits; it has never heard of a Service."""
