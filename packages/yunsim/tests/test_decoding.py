"""Wire fields to typed arguments: every declared shape, and the cloud's words for what is wrong."""

import contextlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunsim.decoding import arguments
from yunsim.errors import ApiError
from yunsim.parameters import JSON, parameters_of
from yunsim.world import World


@dataclass(frozen=True)
class Tag:
    Key: str
    Value: str = ""


@dataclass(frozen=True)
class Server:
    ServerId: str
    Port: int = 0
    Weight: int = 100
    ServerIp: str | None = None


@dataclass(frozen=True)
class Check:
    Enabled: bool = False
    Code: tuple[str, ...] = ()


def Act(
    world: World,
    *,
    Name: str,
    Port: int | None = None,
    Drain: bool = False,
    ResourceId: tuple[str, ...] = (),
    Tag: tuple[Tag, ...] = (),
    Servers: Annotated[tuple[Server, ...], JSON] = (),
    Ids: Annotated[list[str] | None, JSON] = None,
    Check: Check | None = None,
    Status: Literal["on", "off"] = "off",
    Ratio: float = 1.0,
) -> dict[str, Any]:
    return {}


def read(**fields: str) -> dict[str, Any]:
    return arguments(Act, {"Name": "n"} | fields)


def refusal(strict: bool = False, **fields: str) -> ApiError:
    with pytest.raises(ApiError) as refused:
        arguments(Act, {"Name": "n"} | fields, strict=strict)
    return refused.value


def test_a_declaration_reads_back_with_what_is_required_and_what_is_json():
    by_name = {parameter.name: parameter for parameter in parameters_of(Act)}
    assert [name for name, parameter in by_name.items() if parameter.required] == ["Name"]
    assert [name for name, parameter in by_name.items() if parameter.json] == ["Servers", "Ids"]
    assert by_name["Port"].hint is int


def test_numbered_fields_become_a_list_in_order_of_their_numbers():
    fields = {f"ResourceId.{n}": f"lb-{n}" for n in (10, 2, 1)}
    assert read(**fields)["ResourceId"] == ("lb-1", "lb-2", "lb-10")


def test_numbered_objects_become_values():
    fields = {"Tag.1.Key": "app", "Tag.1.Value": "shop", "Tag.2.Key": "bare"}
    assert read(**fields)["Tag"] == (Tag("app", "shop"), Tag("bare"))


@pytest.mark.parametrize("text", ["True", "true", "TRUE"])
def test_booleans_come_in_every_spelling_that_clients_send(text: str):
    assert read(Drain=text)["Drain"] is True


def test_json_text_takes_both_spellings_of_keys_and_numbers_as_text():
    text = '[{"ServerId": "i-1", "Port": "80", "Weight": 100}, {"serverId": "i-2", "port": 81, "weight": "0"}]'
    assert read(Servers=text)["Servers"] == (Server("i-1", 80, 100), Server("i-2", 81, 0))


def test_the_case_of_a_first_letter_does_not_matter():
    assert read(port="80")["Port"] == 80


def test_a_dotted_object_becomes_a_value():
    fields = {"Check.Enabled": "true", "Check.Code.1": "http_2xx"}
    assert read(**fields)["Check"] == Check(Enabled=True, Code=("http_2xx",))


def test_what_is_not_sent_keeps_the_default_of_the_signature():
    assert read() == {"Name": "n"}


def test_empty_text_is_text_but_an_empty_number_is_not_supplied():
    assert "Port" not in read(Port="")


@pytest.mark.parametrize("fields", [{}, {"Name": ""}])
def test_a_missing_mandatory_parameter_is_named_in_the_clouds_words(fields: dict[str, str]):
    with pytest.raises(ApiError) as refused:
        arguments(Act, fields)
    assert (refused.value.status, refused.value.code) == (400, "MissingParameter")
    text = 'The input parameter "Name" that is mandatory for processing this request is not supplied.'
    assert refused.value.message == text


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("Port", "eighty", '"Port" is not valid: expected a whole number'),
        ("Port", "1.5", '"Port"'),
        ("Port", "٣", '"Port"'),
        ("Drain", "yes", '"Drain" is not valid: expected true or false'),
        ("Ratio", "x", '"Ratio" is not valid: expected a number'),
        ("Servers", "[{", '"Servers" is not valid: expected JSON text'),
        ("Servers", '{"ServerId": "i-1"}', '"Servers" is not valid: expected a list'),
        ("Servers", '["i-1"]', '"Servers.1" is not valid: expected an object'),
        ("Servers", '[{"ServerId": "i-1", "Port": "x"}]', '"Servers.1.Port"'),
        ("Servers", '[{"ServerId": "i-1", "Port": true}]', '"Servers.1.Port"'),
        ("Servers", '[{"ServerId": ["i-1"]}]', '"Servers.1.ServerId" is not valid: expected text'),
        ("ResourceId", "lb-1", '"ResourceId" is not valid: expected a list'),
        ("ResourceId.x", "lb-1", '"ResourceId" is not valid: expected a list'),
        ("Status", "maybe", '"Status" is not valid: expected one of on, off'),
    ],
)
def test_a_malformed_value_is_named_with_what_was_expected(field: str, text: str, named: str):
    error = refusal(**{field: text})
    assert (error.status, error.code) == (400, "InvalidParameter")
    assert named in error.message


def test_a_missing_part_of_an_item_is_named_by_its_path():
    assert '"Servers.2.ServerId"' in refusal(Servers='[{"ServerId": "i-1"}, {"Port": 80}]').message
    assert '"Tag.1.Key"' in refusal(**{"Tag.1.Value": "v"}).message


def test_a_name_cannot_be_both_alone_and_numbered():
    assert refusal(**{"Tag": "x", "Tag.1.Key": "k"}).code == "InvalidParameter"
    assert refusal(**{"Tag.1.Key": "k", "Tag": "x"}).code == "InvalidParameter"


def test_unknown_fields_are_ignored_until_strict_mode_refuses_them():
    assert read(Colour="red") == {"Name": "n"}
    error = refusal(strict=True, Colour="red")
    assert error.code == "Yunsim.UnknownParameter"
    assert '"Colour"' in error.message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"Tag.1.Key": "app", "Tag.1.Colour": "red"}, '"Tag.Colour"'),
        ({"Servers": '[{"ServerId": "i-1"}, {"serverId": "i-2", "zone": "h"}]'}, '"Servers.zone"'),
        ({"Check.Enabled": "true", "Check.Often": "1"}, '"Check.Often"'),
    ],
)
def test_strict_mode_refuses_unknown_parts_of_objects_too(fields: dict[str, str], named: str):
    assert "Name" in read(**fields)
    error = refusal(strict=True, **fields)
    assert error.code == "Yunsim.UnknownParameter"
    assert named in error.message


@pytest.mark.parametrize(
    "fields", [{"Servers": "[{"}, {"Servers": "7"}, {"Tag": "x"}, {"Check": "x"}, {"Tag.x.Key": "k"}]
)
def test_strict_mode_leaves_malformed_objects_to_their_own_refusal(fields: dict[str, str]):
    assert refusal(strict=True, **fields).code == "InvalidParameter"


def test_common_fields_pass_strict_mode():
    fields = {"Name": "n", "OwnerAccount": "a", "OwnerId": "1", "ResourceOwnerId": "1", "RegionId": "cn-hangzhou"}
    assert arguments(Act, fields, strict=True) == {"Name": "n"}


@given(st.dictionaries(st.text(alphabet="NamePortTgKy.12xé", min_size=1, max_size=12), st.text(max_size=8), max_size=6))
def test_no_fields_whatever_end_in_anything_but_arguments_or_a_refusal(fields: dict[str, str]):
    with contextlib.suppress(ApiError):
        arguments(Act, fields)
