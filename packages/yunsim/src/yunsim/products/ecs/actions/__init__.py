"""Every action of ECS 2014-05-26 that exists here; dispatch finds a function by the action's name."""
# ruff: noqa: F401 - dispatch finds the actions here by name

from yunsim.products.ecs import VERSION
from yunsim.products.ecs.actions.instances import (
    DeleteInstance,
    DescribeInstanceAttribute,
    DescribeInstances,
    DescribeInstanceStatus,
    StartInstance,
    StopInstance,
)
from yunsim.products.ecs.actions.interface_addresses import (
    AssignIpv6Addresses,
    AssignPrivateIpAddresses,
    UnassignIpv6Addresses,
    UnassignPrivateIpAddresses,
)
from yunsim.products.ecs.actions.interface_changes import (
    AttachNetworkInterface,
    CreateNetworkInterface,
    DeleteNetworkInterface,
    DetachNetworkInterface,
)
from yunsim.products.ecs.actions.interfaces import (
    DescribeNetworkInterfaceAttribute,
    DescribeNetworkInterfaces,
    ModifyNetworkInterfaceAttribute,
)
from yunsim.products.ecs.actions.regions import DescribeRegions, DescribeZones
from yunsim.products.ecs.actions.tags import ListTagResources, TagResources, UntagResources
