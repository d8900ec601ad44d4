"""The classic load balancer (CLB): options, want, see, plan."""
