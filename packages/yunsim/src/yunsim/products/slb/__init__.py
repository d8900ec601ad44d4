"""Server Load Balancer 2014-05-15 (CLB)."""
