"""How much of everything one account may have, by the names in Quota Center; a world's own `quotas` come first.

Names: https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/quotas. Where its numbers and those of
an action's page differ, the smaller one counts: who stays below it is safe.
"""

from yunsim.world import World

UNLIMITED = 1_000_000_000

QUOTAS = {
    "slb_quota_instances_num": UNLIMITED,
    "slb_quota_listeners_num": 50,
    "slb_quota_backendservers_num": 200,
    "slb_quota_backendserver_attached_num": 50,
    "slb_quota_domain_extensions_num": 3,
    "slb_quota_certs_num": 100,
    "slb_quota_ca_certs_num": 100,
    "slb_quota_acls_num": 50,
    "slb_quota_acl_entries_num": 300,
    "slb_quota_acl_attached_num": 50,
}
"""Defaults: listeners and servers of a balancer, attachments of a server, further domains of a listener, certificates
of a region, access control lists of a region, entries of one list, listeners of one list. Balancers of an account are
30 or 60 on the documentation's pages and not limited here unless a world says so: clusters are larger than that."""


def quota(world: World, name: str) -> int:
    """Return a quota of this world."""
    return world.quotas.get(name, QUOTAS[name])
