"""Server certificates: upload, list, rename, delete. No answer tells the private key; only traffic needs it."""

from collections.abc import Sequence
from typing import Any

from yunsim.products import tagging
from yunsim.products.slb import certificate_rules, rules
from yunsim.products.slb.answers import milliseconds, moment
from yunsim.products.slb.state import Certificate
from yunsim.products.tagging import TagPair
from yunsim.world import World


def UploadServerCertificate(
    world: World,
    *,
    RegionId: str,
    AliCloudCertificateId: str = "",
    AliCloudCertificateName: str = "",
    AliCloudCertificateRegionId: str = "",
    PrivateKey: str = "",
    ResourceGroupId: str = "",
    ServerCertificate: str = "",
    ServerCertificateName: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """Keep a certificate in PEM form, under the account and an id of its own."""
    rules.tags(Tag)
    parsed = certificate_rules.read(ServerCertificate, PrivateKey)
    certificate_rules.room(world, "slb_quota_certs_num", len(rules.state(world).certificates))
    certificate_id = world.new_id(f"{world.account}_")
    made = Certificate(
        id=certificate_id,
        name=rules.name("ServerCertificateName", ServerCertificateName) if ServerCertificateName else certificate_id,
        fingerprint=parsed.fingerprint,
        common_name=parsed.common_name,
        alternative_names=parsed.alternative_names,
        created=world.clock.now(),
        expires=parsed.expires,
        resource_group_id=ResourceGroupId or rules.default_resource_group(world),
        tags={pair.Key: pair.Value for pair in Tag},
        pem=ServerCertificate,
        private_key=PrivateKey,
    )
    rules.state(world).certificates[made.id] = made
    return _answer(world, made)


def DescribeServerCertificates(
    world: World,
    *,
    ResourceGroupId: str = "",
    ServerCertificateId: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List certificates, all at once."""
    found = [
        {**_answer(world, each), "Tags": tagging.answer(each.tags)}
        for each in rules.state(world).certificates.values()
        if ServerCertificateId in ("", each.id)
        and ResourceGroupId in ("", each.resource_group_id)
        and tagging.matches(each.tags, Tag)
    ]
    return {"ServerCertificates": {"ServerCertificate": found}}


def SetServerCertificateName(
    world: World, *, RegionId: str, ServerCertificateId: str, ServerCertificateName: str
) -> dict[str, Any]:
    """Rename a certificate."""
    found = certificate_rules.server_certificate(world, ServerCertificateId)
    found.name = rules.name("ServerCertificateName", ServerCertificateName)
    return {}


def DeleteServerCertificate(world: World, *, ServerCertificateId: str) -> dict[str, Any]:
    """Delete a certificate that neither a listener nor a further domain of one uses."""
    certificate_rules.server_certificate(world, ServerCertificateId)
    certificate_rules.unused(world, ServerCertificateId)
    del rules.state(world).certificates[ServerCertificateId]
    return {}


def _answer(world: World, each: Certificate) -> dict[str, Any]:
    return {
        "ServerCertificateId": each.id,
        "ServerCertificateName": each.name,
        "Fingerprint": each.fingerprint,
        "CommonName": each.common_name,
        "SubjectAlternativeNames": {"SubjectAlternativeName": list(each.alternative_names)},
        "CreateTime": moment(each.created),
        "CreateTimeStamp": milliseconds(each.created),
        "ExpireTime": moment(each.expires),
        "ExpireTimeStamp": milliseconds(each.expires),
        "RegionId": world.region,
        "ResourceGroupId": each.resource_group_id,
        "IsAliCloudCertificate": 0,
        "AliCloudCertificateId": "",
        "AliCloudCertificateName": "",
    }
