"""Every action of SLB 2014-05-15 that exists here; dispatch finds a function by the action's name."""
# ruff: noqa: F401 - dispatch finds the actions here by name

from yunsim.products.slb import VERSION
from yunsim.products.slb.actions.access_control import (
    AddAccessControlListEntry,
    CreateAccessControlList,
    DeleteAccessControlList,
    DescribeAccessControlListAttribute,
    DescribeAccessControlLists,
    RemoveAccessControlListEntry,
    SetAccessControlListAttribute,
)
from yunsim.products.slb.actions.ca_certificates import (
    DeleteCACertificate,
    DescribeCACertificates,
    UploadCACertificate,
)
from yunsim.products.slb.actions.certificates import (
    DeleteServerCertificate,
    DescribeServerCertificates,
    SetServerCertificateName,
    UploadServerCertificate,
)
from yunsim.products.slb.actions.domain_extensions import (
    CreateDomainExtension,
    DeleteDomainExtension,
    DescribeDomainExtensions,
    SetDomainExtensionAttribute,
)
from yunsim.products.slb.actions.groups import (
    AddVServerGroupBackendServers,
    CreateVServerGroup,
    DeleteVServerGroup,
    DescribeVServerGroupAttribute,
    DescribeVServerGroups,
    ModifyVServerGroupBackendServers,
    RemoveVServerGroupBackendServers,
    SetVServerGroupAttribute,
)
from yunsim.products.slb.actions.health import DescribeHealthStatus
from yunsim.products.slb.actions.instances import (
    CreateLoadBalancer,
    DeleteLoadBalancer,
    DescribeLoadBalancerAttribute,
    DescribeLoadBalancers,
)
from yunsim.products.slb.actions.listener_descriptions import (
    DescribeLoadBalancerHTTPListenerAttribute,
    DescribeLoadBalancerHTTPSListenerAttribute,
    DescribeLoadBalancerListeners,
    DescribeLoadBalancerTCPListenerAttribute,
    DescribeLoadBalancerUDPListenerAttribute,
)
from yunsim.products.slb.actions.listeners import (
    CreateLoadBalancerHTTPListener,
    CreateLoadBalancerHTTPSListener,
    CreateLoadBalancerTCPListener,
    CreateLoadBalancerUDPListener,
    DeleteLoadBalancerListener,
    SetLoadBalancerHTTPListenerAttribute,
    SetLoadBalancerHTTPSListenerAttribute,
    SetLoadBalancerTCPListenerAttribute,
    SetLoadBalancerUDPListenerAttribute,
    StartLoadBalancerListener,
    StopLoadBalancerListener,
)
from yunsim.products.slb.actions.modifications import (
    ModifyLoadBalancerInstanceChargeType,
    ModifyLoadBalancerInstanceSpec,
    ModifyLoadBalancerInternetSpec,
    ModifyLoadBalancerPayType,
    SetLoadBalancerDeleteProtection,
    SetLoadBalancerModificationProtection,
    SetLoadBalancerName,
    SetLoadBalancerStatus,
)
from yunsim.products.slb.actions.regions import DescribeAvailableResource, DescribeRegions, DescribeZones
from yunsim.products.slb.actions.tags import (
    AddTags,
    DescribeTags,
    ListTagResources,
    RemoveTags,
    TagResources,
    UntagResources,
)
from yunsim.products.slb.actions.unused import DescribeMasterSlaveServerGroups, DescribeRules
