"""One story in which every action of yunsim is called: what it answers is what the coverage page calls answered.

It is told in the default world (`yunsim world`), and works through any caller: in process, over the wire, or through a
recorder.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yunsim import worldfile

Call = Callable[..., dict[str, Any]]
"""Makes one call: `call(product, action, **wire_fields)` returns the body of its answer."""

_FILE = worldfile.load()
_VPC, _VSWITCH = _FILE.vpcs[0].id, _FILE.vswitches[0].id
_PODS = _FILE.vswitches[3].id
_WORKER, _OTHER, _OUTSIDE = (_FILE.instances[n].id for n in (1, 2, 4))
_INTERFACE = _FILE.instances[1].eni.id
_REGION = {"RegionId": _FILE.region}


def tour(call: Call) -> None:
    """Tell the whole story."""
    _places(call)
    certificate = _certificates(call)
    acl = _access_control(call)
    balancer = _balancer(call)
    group = _group(call, balancer)
    _tags(call, balancer, group)
    _listeners(call, balancer, group, certificate, acl)
    _elastic_ips(call)
    _ends(call, balancer, group, acl, certificate)
    _routes(call)
    _instances(call)
    _identities(call)


def _places(call: Call) -> None:
    for product in ("slb", "ecs"):
        call(product, "DescribeRegions")
        call(product, "DescribeZones", **_REGION)
    call("slb", "DescribeAvailableResource", **_REGION)
    call("vpc", "DescribeVpcs", **_REGION)
    call("vpc", "DescribeVpcAttribute", **_REGION, VpcId=_VPC)
    call("vpc", "DescribeVSwitches", **_REGION, VpcId=_VPC)
    call("vpc", "DescribeVSwitchAttributes", **_REGION, VSwitchId=_VSWITCH)
    call("vpc", "DescribeEipAddresses", **_REGION)


def _certificates(call: Call) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pair = {"ServerCertificate": _certificate(key), "PrivateKey": key.private_bytes(*form).decode()}
    made = call("slb", "UploadServerCertificate", **_REGION, ServerCertificateName="tour", **pair)
    certificate = str(made["ServerCertificateId"])
    on_certificate = {"ResourceType": "certificate", "ResourceId.1": certificate}
    call("slb", "TagResources", **_REGION, **on_certificate, **_tag("team", "web"))
    call("slb", "SetServerCertificateName", **_REGION, ServerCertificateId=certificate, ServerCertificateName="tour-2")
    call("slb", "DescribeServerCertificates", **_REGION)
    authority = call("slb", "UploadCACertificate", **_REGION, CACertificate=pair["ServerCertificate"])
    call("slb", "DescribeCACertificates", **_REGION)
    call("slb", "DeleteCACertificate", **_REGION, CACertificateId=str(authority["CACertificateId"]))
    return certificate


def _certificate(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tour.example.com")])
    now = datetime.now(UTC)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(now)
    names = x509.SubjectAlternativeName([x509.DNSName("tour.example.com")])
    made = unsigned.not_valid_after(now + timedelta(days=30)).add_extension(names, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _access_control(call: Call) -> str:
    acl = str(call("slb", "CreateAccessControlList", **_REGION, AclName="tour")["AclId"])
    of = _REGION | {"AclId": acl}
    entries = [{"entry": "203.0.113.0/24", "comment": "office"}, {"entry": "198.51.100.7/32", "comment": "gone"}]
    call("slb", "AddAccessControlListEntry", **of, AclEntrys=json.dumps(entries))
    call("slb", "RemoveAccessControlListEntry", **of, AclEntrys=json.dumps(entries[1:]))
    call("slb", "SetAccessControlListAttribute", **of, AclName="tour-offices")
    call("slb", "TagResources", **_REGION, ResourceType="acl", **_tag("team", "web"), **{"ResourceId.1": acl})
    return acl


def _balancer(call: Call) -> str:
    kind = {"AddressType": "internet", "InstanceChargeType": "PayByCLCU", "ClientToken": "tour-1"}
    made = call("slb", "CreateLoadBalancer", **_REGION, LoadBalancerName="tour", **kind, **_tag("team", "web"))
    balancer = str(made["LoadBalancerId"])
    of = _REGION | {"LoadBalancerId": balancer}
    protected = {"ModificationProtectionStatus": "ConsoleProtection", "ModificationProtectionReason": "managed"}
    call("slb", "SetLoadBalancerDeleteProtection", **of, DeleteProtection="on")
    call("slb", "SetLoadBalancerModificationProtection", **of, **protected)
    call("slb", "SetLoadBalancerName", **of, LoadBalancerName="tour-shop")
    call("slb", "SetLoadBalancerStatus", **of, LoadBalancerStatus="inactive")
    call("slb", "SetLoadBalancerStatus", **of, LoadBalancerStatus="active")
    by_size = {"InstanceChargeType": "PayBySpec", "LoadBalancerSpec": "slb.s1.small"}
    call("slb", "ModifyLoadBalancerInstanceChargeType", **of, **by_size)
    call("slb", "ModifyLoadBalancerInstanceSpec", **of, LoadBalancerSpec="slb.s2.small")
    call("slb", "ModifyLoadBalancerInternetSpec", **of, InternetChargeType="paybybandwidth", Bandwidth="10")
    call("slb", "DescribeLoadBalancers", **_REGION, PageSize="100")
    return balancer


def _group(call: Call, balancer: str) -> str:
    of = _REGION | {"LoadBalancerId": balancer}
    first: list[dict[str, Any]] = [{"ServerId": _WORKER, "Port": 30080, "Weight": 100, "Type": "ecs"}]
    second = [first[0] | {"ServerId": _OTHER}]
    made = call("slb", "CreateVServerGroup", **of, VServerGroupName="web", BackendServers=json.dumps(first))
    group = str(made["VServerGroupId"])
    call("slb", "AddVServerGroupBackendServers", **_servers(group, second))
    call("slb", "SetVServerGroupAttribute", **_servers(group, [first[0] | {"Weight": 50, "Description": "half"}]))
    moved = {"OldBackendServers": json.dumps(second), "NewBackendServers": json.dumps([second[0] | {"Port": 30081}])}
    call("slb", "ModifyVServerGroupBackendServers", **_REGION, VServerGroupId=group, **moved)
    call("slb", "RemoveVServerGroupBackendServers", **_servers(group, [second[0] | {"Port": 30081}]))
    call("slb", "DescribeVServerGroupAttribute", **_REGION, VServerGroupId=group)
    return group


def _servers(group: str, servers: list[dict[str, Any]]) -> dict[str, str]:
    return _REGION | {"VServerGroupId": group, "BackendServers": json.dumps(servers)}


def _tags(call: Call, balancer: str, group: str) -> None:
    of = _REGION | {"LoadBalancerId": balancer, "Tags": '[{"TagKey": "stage", "TagValue": "test"}]'}
    call("slb", "AddTags", **of)
    call("slb", "DescribeTags", **_REGION, LoadBalancerId=balancer)
    call("slb", "RemoveTags", **of)
    on_group = _REGION | {"ResourceType": "vservergroup", "ResourceId.1": group}
    call("slb", "TagResources", **on_group, **_tag("team", "web"), **{"Tag.2.Key": "old", "Tag.2.Value": "1"})
    call("slb", "UntagResources", **on_group, **{"TagKey.1": "old"})
    call("slb", "ListTagResources", **on_group)


def _listeners(call: Call, balancer: str, group: str, certificate: str, acl: str) -> None:
    ports = {"TCP": 80, "UDP": 53, "HTTP": 8080, "HTTPS": 443}
    more = {
        "TCP": {"ConnectionDrain": "on", "ConnectionDrainTimeout": "60", "HealthCheckConnectPort": "30080"},
        "UDP": {"HealthCheckReq": "ping", "HealthCheckExp": "pong", "HealthCheckConnectPort": "53"},
        "HTTP": {"StickySession": "on", "StickySessionType": "insert", "CookieTimeout": "60", "HealthCheck": "on"},
        "HTTPS": {"ServerCertificateId": certificate, "HealthCheck": "on", "HealthCheckConnectPort": "30080"},
    }
    changed = {protocol: {"Scheduler": "wlc", "BackendServerPort": "8080"} for protocol in ports}
    changed["HTTPS"] |= {"StickySession": "on", "StickySessionType": "server", "Cookie": "shop", "CookieTimeout": "60"}
    restricted = {"AclStatus": "on", "AclType": "white", "AclId": acl}
    for protocol, port in ports.items():
        of = _REGION | {"LoadBalancerId": balancer, "ListenerPort": str(port)}
        tagged = {"Bandwidth": "-1", "VServerGroupId": group, "Description": protocol.lower(), **_tag("team", "web")}
        call("slb", f"CreateLoadBalancer{protocol}Listener", **of, **tagged, **more[protocol], **restricted)
        call("slb", f"SetLoadBalancer{protocol}ListenerAttribute", **of, **changed[protocol])
        call("slb", "StartLoadBalancerListener", **of, ListenerProtocol=protocol.lower())
        call("slb", f"DescribeLoadBalancer{protocol}ListenerAttribute", **of)
    _forwarding(call, balancer)
    _domains(call, balancer, certificate)
    call("slb", "DescribeLoadBalancerListeners", **_REGION, **{"LoadBalancerId.1": balancer, "MaxResults": "100"})
    call("slb", "DescribeLoadBalancerListeners", **_REGION, **{"LoadBalancerId.1": balancer, "MaxResults": "1"})
    call("slb", "DescribeHealthStatus", **_REGION, LoadBalancerId=balancer)
    call("slb", "DescribeRules", **_REGION, LoadBalancerId=balancer, ListenerPort="443", ListenerProtocol="https")
    call("slb", "DescribeMasterSlaveServerGroups", **_REGION, LoadBalancerId=balancer)
    call("slb", "DescribeVServerGroups", **_REGION, LoadBalancerId=balancer, IncludeListener="true", IncludeRule="true")
    call("slb", "DescribeLoadBalancerAttribute", **_REGION, LoadBalancerId=balancer)
    call("slb", "DescribeAccessControlLists", **_REGION)
    call("slb", "DescribeAccessControlListAttribute", **_REGION, AclId=acl)


def _forwarding(call: Call, balancer: str) -> None:
    of = _REGION | {"LoadBalancerId": balancer, "ListenerPort": "8000"}
    call("slb", "CreateLoadBalancerHTTPListener", **of, ListenerForward="on", ForwardPort="443")
    call("slb", "DescribeLoadBalancerHTTPListenerAttribute", **of)


def _domains(call: Call, balancer: str, certificate: str) -> None:
    of = _REGION | {"LoadBalancerId": balancer, "ListenerPort": "443"}
    made = call("slb", "CreateDomainExtension", **of, Domain="a.example.com", ServerCertificateId=certificate)
    one = _REGION | {"DomainExtensionId": str(made["DomainExtensionId"])}
    call("slb", "SetDomainExtensionAttribute", **one, ServerCertificateId=certificate)
    call("slb", "DescribeDomainExtensions", **of)
    call("slb", "DescribeLoadBalancerHTTPSListenerAttribute", **of)
    call("slb", "DescribeLoadBalancerListeners", **_REGION, **{"LoadBalancerId.1": balancer, "MaxResults": "100"})
    call("slb", "DeleteDomainExtension", **one)


def _elastic_ips(call: Call) -> None:
    made = call("vpc", "AllocateEipAddress", **_REGION, Bandwidth="10", Name="tour")
    which = _REGION | {"AllocationId": str(made["AllocationId"])}
    call("vpc", "AssociateEipAddress", **which, InstanceId=_OUTSIDE)
    call("vpc", "DescribeEipAddresses", **_REGION, AssociatedInstanceId=_OUTSIDE)
    call("vpc", "UnassociateEipAddress", **which)
    call("vpc", "ReleaseEipAddress", **which)


def _ends(call: Call, balancer: str, group: str, acl: str, certificate: str) -> None:
    of = _REGION | {"LoadBalancerId": balancer}
    for port in ("80", "53", "8080", "8000", "443"):
        call("slb", "StopLoadBalancerListener", **of, ListenerPort=port)
        call("slb", "DeleteLoadBalancerListener", **of, ListenerPort=port)
    call("slb", "DeleteVServerGroup", **_REGION, VServerGroupId=group)
    call("slb", "SetLoadBalancerDeleteProtection", **of, DeleteProtection="off")
    call("slb", "DeleteLoadBalancer", **of)
    call("slb", "DeleteAccessControlList", **_REGION, AclId=acl)
    call("slb", "DeleteServerCertificate", ServerCertificateId=certificate)
    _subscription(call)


def _subscription(call: Call) -> None:
    made = call("slb", "CreateLoadBalancer", **_REGION, AddressType="internet", InstanceChargeType="PayByCLCU")
    of = _REGION | {"LoadBalancerId": str(made["LoadBalancerId"])}
    call("slb", "ModifyLoadBalancerPayType", **of, PayType="PrePay", PricingCycle="month", Duration="1")


def _routes(call: Call) -> None:
    listed = call("vpc", "DescribeRouteTableList", **_REGION, VpcId=_VPC)
    table = str(listed["RouterTableList"]["RouterTableListType"][0]["RouteTableId"])
    of = _REGION | {"RouteTableId": table}
    one = {"DestinationCidrBlock": "10.244.1.0/24", "NextHopId": _WORKER}
    call("vpc", "CreateRouteEntry", **of, **one, NextHopType="Instance", RouteEntryName="pods-1")
    many = {"RouteTableId": table, "DstCidrBlock": "10.244.2.0/24", "NextHop": _OTHER}
    entries = {f"RouteEntries.1.{name}": value for name, value in many.items()}
    again = {f"RouteEntries.2.{name}": value for name, value in (many | {"DstCidrBlock": "10.244.1.0/24"}).items()}
    kinds = {"RouteEntries.1.NextHopType": "Instance", "RouteEntries.2.NextHopType": "Instance"}
    call("vpc", "CreateRouteEntries", **_REGION, **entries, **again, **kinds)
    call("vpc", "DescribeRouteEntryList", **of, RouteEntryType="Custom", MaxResult="100")
    call("vpc", "DescribeRouteEntryList", **of, MaxResult="1")
    call("vpc", "DescribeRouteTables", **_REGION, RouteTableId=table)
    call("vpc", "DeleteRouteEntry", **of, **one)
    call("vpc", "DeleteRouteEntries", **_REGION, **entries, **again)
    _route_tables(call)


def _route_tables(call: Call) -> None:
    made = call("vpc", "CreateRouteTable", **_REGION, VpcId=_VPC, RouteTableName="tour", **_tag("team", "web"))
    of = _REGION | {"RouteTableId": str(made["RouteTableId"])}
    call("vpc", "AssociateRouteTable", **of, VSwitchId=_VSWITCH)
    call("vpc", "DescribeRouteTableList", **of)
    call("vpc", "UnassociateRouteTable", **of, VSwitchId=_VSWITCH)
    call("vpc", "DeleteRouteTable", **of)


def _instances(call: Call) -> None:
    tagged = _REGION | {"ResourceType": "instance", "ResourceId.1": _WORKER}
    call("ecs", "TagResources", **tagged, **_tag("team", "web"))
    call("ecs", "ListTagResources", **tagged)
    call("ecs", "DescribeInstances", **_REGION, PageSize="100")
    call("ecs", "UntagResources", **tagged, **{"TagKey.1": "team"})
    call("ecs", "DescribeInstanceStatus", **_REGION)
    call("ecs", "DescribeInstanceAttribute", InstanceId=_WORKER)
    call("ecs", "DescribeNetworkInterfaces", **_REGION, VpcId=_VPC, MaxResults="100")
    call("ecs", "DescribeNetworkInterfaceAttribute", **_REGION, NetworkInterfaceId=_INTERFACE)
    call("ecs", "ModifyNetworkInterfaceAttribute", **_REGION, NetworkInterfaceId=_INTERFACE, SourceDestCheck="false")
    _interfaces(call)
    call("ecs", "StopInstance", InstanceId=_OUTSIDE)
    call("ecs", "StartInstance", InstanceId=_OUTSIDE)
    call("ecs", "DeleteInstance", InstanceId=_OUTSIDE, Force="true")


def _interfaces(call: Call) -> None:
    made = call("ecs", "CreateNetworkInterface", **_REGION, VSwitchId=_PODS, NetworkInterfaceName="pods")
    which = _REGION | {"NetworkInterfaceId": str(made["NetworkInterfaceId"])}
    call("ecs", "AttachNetworkInterface", **which, InstanceId=_WORKER)
    assigned = call("ecs", "AssignPrivateIpAddresses", **which, SecondaryPrivateIpAddressCount="1")
    (address,) = assigned["AssignedPrivateIpAddressesSet"]["PrivateIpSet"]["PrivateIpAddress"]
    call("ecs", "UnassignPrivateIpAddresses", **which, **{"PrivateIpAddress.1": address})
    (six,) = call("ecs", "AssignIpv6Addresses", **which, Ipv6AddressCount="1")["Ipv6Sets"]["Ipv6Address"]
    call("ecs", "DescribeNetworkInterfaces", **_REGION, **{"Ipv6Address.1": six})
    call("ecs", "UnassignIpv6Addresses", **which, **{"Ipv6Address.1": six})
    call("ecs", "DetachNetworkInterface", **which, InstanceId=_WORKER)
    call("ecs", "DeleteNetworkInterface", **which)


def _identities(call: Call) -> None:
    role = f"acs:ram::{_FILE.account}:role/{_FILE.roles[0]}"
    session = {"RoleArn": role, "RoleSessionName": "tour"}
    call("sts", "GetCallerIdentity")
    call("sts", "AssumeRole", **session, SourceIdentity="tour")
    provider = f"acs:ram::{_FILE.account}:oidc-provider/{_FILE.oidc_providers[0]}"
    call("sts", "AssumeRoleWithOIDC", **session, OIDCProviderArn=provider, OIDCToken=_token())


def _token() -> str:
    """Make a token such as a cluster's; nobody here checks who signed it."""
    claims = {"iss": "https://tour.example.com", "sub": "tour", "aud": ["sts"], "exp": 4102444800}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)] + [b"not a signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _tag(key: str, value: str) -> dict[str, str]:
    return {"Tag.1.Key": key, "Tag.1.Value": value}
