"""Server Load Balancer 2014-05-15 (CLB)."""

VERSION = "2014-05-15"
