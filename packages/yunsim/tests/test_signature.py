"""Both signatures equal the official SDKs' for the same request, byte for byte."""

from urllib.parse import parse_qsl

from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.auth.composer import rpc_signature_composer
from darabonba.request import DaraRequest
from hypothesis import given
from hypothesis import strategies as st

from yunsim.signature import Proof, sign, string_to_sign_acs3, string_to_sign_v1

NAMES = st.text(alphabet="AbcXyz.123_-", min_size=1, max_size=8)
FIELDS = st.dictionaries(NAMES, st.text(alphabet="az09 ~*+/=&%,:é云\n", max_size=12), max_size=5)


@given(FIELDS)
def test_v1_signs_as_both_sdks_sign(fields: dict[str, str]):
    ours = sign("HMAC-SHA1", string_to_sign_v1("POST", fields), "secret")
    assert ours == Utils.get_rpcsignature(fields, "POST", "secret")
    url, _ = rpc_signature_composer.get_signed_url(fields, "key", "secret", "JSON", "POST", {})
    sent = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    assert sent["Signature"] == sign("HMAC-SHA1", string_to_sign_v1("POST", sent), "secret")


@given(FIELDS, FIELDS.filter(bool))
def test_acs3_signs_as_the_newer_sdk_signs(query: dict[str, str], form: dict[str, str]):
    body = str(form).encode()
    request = DaraRequest()
    request.method, request.pathname, request.query = "POST", "/", query
    request.headers = {"host": "127.0.0.1:1", "x-acs-action": "A", "x-acs-date": "d", "content-type": "text/plain"}
    hashed = Utils.hash(body, "ACS3-HMAC-SHA256").hex()
    theirs = Utils.get_authorization(request, "ACS3-HMAC-SHA256", hashed, "key", "secret")
    signed = theirs.partition("SignedHeaders=")[2].partition(",")[0]
    text = string_to_sign_acs3("POST", "/", query.items(), request.headers, signed, body)
    assert theirs.endswith("Signature=" + sign("ACS3-HMAC-SHA256", text, "secret"))


def test_a_proof_shows_neither_token_nor_signature():
    proof = Proof("HMAC-SHA1", "key", "nonce", "time", token="hush", signature="hush", string_to_sign="hush")
    assert "hush" not in repr(proof)
