"""The classic load balancer's API (SLB 2014-05-15) as data: per action one pure builder, per answer one reader.

A builder's parameters go on the wire as they are; the client adds only the envelope (RegionId, signature).
Field names: https://help.aliyun.com/zh/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-overview
"""

PRODUCT = "slb"
BACKENDS_PER_CALL = 20
"""Documented limit of every call that carries backends (AddVServerGroupBackendServers, "up to 20")."""
