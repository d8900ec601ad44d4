"""A Service of type LoadBalancer becomes a load balancer."""
