"""Certificates of authorities, with which HTTPS listeners check their clients: upload, list, delete."""

from collections.abc import Sequence
from typing import Any

from yunsim.products import tagging
from yunsim.products.slb import certificate_rules, rules
from yunsim.products.slb.answers import milliseconds, moment
from yunsim.products.slb.state import CaCertificate
from yunsim.products.tagging import TagPair
from yunsim.world import World


def UploadCACertificate(
    world: World,
    *,
    RegionId: str,
    CACertificate: str,
    CACertificateName: str = "",
    ResourceGroupId: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """Keep an authority's certificate in PEM form, under the account and an id of its own."""
    rules.tags(Tag)
    parsed = certificate_rules.parsed("CACertificate", CACertificate)
    certificate_rules.room(world, "slb_quota_ca_certs_num", len(rules.state(world).ca_certificates))
    certificate_id = world.new_id(f"{world.account}_")
    made = CaCertificate(
        id=certificate_id,
        name=rules.name("CACertificateName", CACertificateName) if CACertificateName else certificate_id,
        fingerprint=parsed.fingerprint,
        common_name=parsed.common_name,
        created=world.clock.now(),
        expires=parsed.expires,
        resource_group_id=ResourceGroupId or rules.default_resource_group(world),
        tags={pair.Key: pair.Value for pair in Tag},
        pem=CACertificate,
    )
    rules.state(world).ca_certificates[made.id] = made
    return _answer(made)


def DescribeCACertificates(
    world: World,
    *,
    RegionId: str,
    CACertificateId: str = "",
    ResourceGroupId: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List authorities' certificates, all at once."""
    found = [
        {**_answer(each), "RegionId": world.region, "Tags": tagging.answer(each.tags)}
        for each in rules.state(world).ca_certificates.values()
        if CACertificateId in ("", each.id)
        and ResourceGroupId in ("", each.resource_group_id)
        and tagging.matches(each.tags, Tag)
    ]
    return {"CACertificates": {"CACertificate": found}}


def DeleteCACertificate(world: World, *, RegionId: str, CACertificateId: str) -> dict[str, Any]:
    """Delete an authority's certificate that no listener uses."""
    certificate_rules.ca_certificate(world, CACertificateId)
    certificate_rules.unused(world, CACertificateId)
    del rules.state(world).ca_certificates[CACertificateId]
    return {}


def _answer(each: CaCertificate) -> dict[str, Any]:
    return {
        "CACertificateId": each.id,
        "CACertificateName": each.name,
        "CommonName": each.common_name,
        "CreateTime": moment(each.created),
        "CreateTimeStamp": milliseconds(each.created),
        "ExpireTime": moment(each.expires),
        "ExpireTimeStamp": milliseconds(each.expires),
        "Fingerprint": each.fingerprint,
        "ResourceGroupId": each.resource_group_id,
    }
