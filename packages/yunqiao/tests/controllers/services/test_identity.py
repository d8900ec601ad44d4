"""Whose Service is it? By type, class, and the annotation that may stand for a class."""

import pytest
from msgspec import structs

from yunqiao.controllers.services.identity import TYPE, classed, wants_balancer


@pytest.fixture
def annotated(cluster):
    def made(annotations, **spec):
        service = cluster.service(**spec)
        return structs.replace(service, metadata=structs.replace(service.metadata, annotations=annotations))

    return made


@pytest.mark.parametrize("kind", ["nlb", "clb", "anything"])
def test_a_type_by_annotation_leaves_the_service_to_another_controller(annotated, kind):
    service = classed(annotated({TYPE: kind}))
    assert not wants_balancer(service)
    assert service.spec.load_balancer_class == f"alibabacloud.com/{kind}"


@pytest.mark.parametrize("annotations", [
    {}, {TYPE: ""}, {TYPE.replace("alibaba-cloud", "alicloud"): "nlb"}, {f"{TYPE}s": "nlb"},
])  # fmt: skip
def test_a_service_without_that_annotation_stays_ours(annotated, annotations):
    service = annotated(annotations)
    assert classed(service) is service
    assert wants_balancer(service)


@pytest.mark.parametrize("spec", [{"load_balancer_class": "other"}, {"type": "ClusterIP"}])
def test_a_class_that_is_named_counts_more_and_other_types_have_none(annotated, spec):
    service = annotated({TYPE: "nlb"}, **spec)
    assert classed(service) is service
