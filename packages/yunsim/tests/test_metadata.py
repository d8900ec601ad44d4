"""What an instance reads about itself, with and without a token."""

import json
from datetime import UTC, datetime

import pytest

from yunsim import worldfile
from yunsim.founding import found
from yunsim.metadata import Metadata, MetadataError
from yunsim.products.sts import state as sts
from yunsim.world import SteppedClock


@pytest.fixture
def metadata() -> Metadata:
    file = worldfile.load()
    world = found(file)
    world.clock = SteppedClock(frozen_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Metadata(world, file)


def read(metadata: Metadata, path: str, client: str = "127.0.0.1", token: str | None = None) -> str:
    return metadata.read(path, client, token)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region-id", "cn-hangzhou"),
        ("zone-id", "cn-hangzhou-h"),
        ("vpc-id", "vpc-bp1yunsim00000000000001"),
        ("vswitch-id", "vsw-bp1yunsim00000000000001"),
        ("vswitch-cidr-block", "127.16.0.0/20"),
        ("vpc-cidr-block", "127.16.0.0/12"),
        ("instance-id", "i-bp1controlplane00001"),
        ("instance/instance-type", "ecs.g7.large"),
        ("private-ipv4", "127.16.0.10"),
        ("mac", "00:16:3e:10:00:0a"),
        ("network/interfaces/macs/00:16:3e:10:00:0a/network-interface-id", "eni-bp1controlplane01"),
        ("hostname", "control-plane-1"),
        ("serial-number", "5f0c1d5e-0000-4000-8000-00000000000a"),
        ("ram/security-credentials/", "KubernetesMasterRole"),
    ],
)
def test_a_name_has_the_default_instances_value(metadata: Metadata, name: str, value: str):
    assert read(metadata, f"meta-data/{name}") == value


def test_directories_list_what_is_below_them(metadata: Metadata):
    assert read(metadata, "") == "meta-data/\ndynamic/"
    assert "region-id" in read(metadata, "meta-data/").splitlines()
    assert "ram/" in read(metadata, "meta-data").splitlines()


def test_a_client_with_an_instances_address_is_that_instance(metadata: Metadata):
    assert read(metadata, "meta-data/instance-id", "127.16.16.11") == "i-bp1worker00000000003"


def test_the_roles_keys_let_in(metadata: Metadata):
    given = json.loads(read(metadata, "meta-data/ram/security-credentials/KubernetesMasterRole"))
    assert (given["Code"], given["Expiration"]) == ("Success", "2026-01-01T06:00:00Z")
    key = sts.of(metadata.world).key(given["AccessKeyId"])
    assert key is not None
    assert (key.secret, key.token) == (given["AccessKeySecret"], given["SecurityToken"])


def test_only_the_instances_own_role_is_there(metadata: Metadata):
    with pytest.raises(MetadataError) as refused:
        read(metadata, "meta-data/ram/security-credentials/KubernetesWorkerRole")
    assert refused.value.status == 404
    assert read(metadata, "meta-data/ram/security-credentials/", "127.16.16.99") == ""


def test_the_identity_document_tells_who_it_is(metadata: Metadata):
    document = json.loads(read(metadata, "dynamic/instance-identity/document"))
    assert (document["instance-id"], document["region-id"]) == ("i-bp1controlplane00001", "cn-hangzhou")


@pytest.mark.parametrize("path", ["meta-data/colour", "meta-data/region-id/more", "user-data"])
def test_what_is_not_there_is_not_found(metadata: Metadata, path: str):
    with pytest.raises(MetadataError) as refused:
        read(metadata, path)
    assert refused.value.status == 404


def test_a_token_works_until_it_runs_out(metadata: Metadata):
    token = metadata.token("60")
    assert read(metadata, "meta-data/region-id", token=token) == "cn-hangzhou"
    metadata.world.clock.advance(60)
    with pytest.raises(MetadataError) as refused:
        read(metadata, "meta-data/region-id", token=token)
    assert refused.value.status == 401


def test_a_token_that_nobody_gave_is_refused(metadata: Metadata):
    with pytest.raises(MetadataError, match="PUT /latest/api/token"):
        read(metadata, "meta-data/region-id", token="")


@pytest.mark.parametrize("seconds", ["", "0", "21601", "ten", "-1"])
def test_a_token_lives_a_second_to_six_hours(metadata: Metadata, seconds: str):
    with pytest.raises(MetadataError) as refused:
        metadata.token(seconds)
    assert refused.value.status == 400


def test_without_a_default_instance_only_instances_may_ask():
    file = worldfile.parse(worldfile.default_text().replace("metadata_instance: i-bp1controlplane00001", ""))
    metadata = Metadata(found(file), file)
    with pytest.raises(MetadataError, match="metadata_instance in the world file"):
        read(metadata, "meta-data/region-id")
    assert read(metadata, "meta-data/region-id", "127.16.0.10") == "cn-hangzhou"
