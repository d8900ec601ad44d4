"""Every action of VPC 2016-04-28 that exists here; dispatch finds a function by the action's name."""
# ruff: noqa: F401 - dispatch finds the actions here by name

from yunsim.products.vpc import VERSION
from yunsim.products.vpc.actions.elastic_ips import (
    AllocateEipAddress,
    AssociateEipAddress,
    DescribeEipAddresses,
    ReleaseEipAddress,
    UnassociateEipAddress,
)
from yunsim.products.vpc.actions.networks import (
    DescribeVpcAttribute,
    DescribeVpcs,
    DescribeVSwitchAttributes,
    DescribeVSwitches,
)
from yunsim.products.vpc.actions.route_changes import ModifyRouteEntry
from yunsim.products.vpc.actions.route_tables import (
    DescribeRouteEntryList,
    DescribeRouteTableList,
    DescribeRouteTables,
)
from yunsim.products.vpc.actions.routes import (
    CreateRouteEntries,
    CreateRouteEntry,
    DeleteRouteEntries,
    DeleteRouteEntry,
)
from yunsim.products.vpc.actions.table_changes import (
    AssociateRouteTable,
    CreateRouteTable,
    DeleteRouteTable,
    UnassociateRouteTable,
)
