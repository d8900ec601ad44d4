"""Typed decoding on the published schema."""

import pytest

from kubesim.kinds import KINDS
from kubesim.schema.decoding import WrongType, decode
from kubesim.schema.definitions import definition

SERVICE = definition("io.k8s.api.core.v1.Service")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_every_served_kind_has_a_published_definition(kind):
    assert "metadata" in definition(kind.definition).properties


def test_nulls_vanish_and_unknown_fields_are_named():
    obj = {"metadata": {"name": "s", "labels": None}, "spec": {"nosuch": 1, "ports": [{"port": 80, "other": 2}]}}
    clean, unknown = decode(obj, SERVICE, kind="Service")
    assert clean == {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    assert unknown == ["spec.nosuch", "spec.ports[0].other"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"ports": [{"port": "eighty"}]}, "string into Go struct field ServicePort.spec.ports.port of type int32"),
        ({"ports": [{"port": True}]}, "bool into Go struct field ServicePort.spec.ports.port of type int32"),
        ({"type": 1}, "number into Go struct field ServiceSpec.spec.type of type string"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_the_words_of_go(spec, message):
    with pytest.raises(WrongType, match=message):
        decode({"spec": spec}, SERVICE, kind="Service")


def test_a_target_port_is_a_number_or_a_name():
    ports = [{"port": 1, "targetPort": 80}, {"port": 2, "targetPort": "http"}]
    assert decode({"spec": {"ports": ports}}, SERVICE, kind="Service")[0]["spec"]["ports"] == ports
