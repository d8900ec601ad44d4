"""Server certificates: which there are, and when each ends."""

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.step import Call, Reply

MILLISECONDS = 1000


def list_certificates() -> Call:
    """All server certificates of the region (not paged)."""
    return Call(PRODUCT, "DescribeServerCertificates", {}, "list the server certificates of the region")


def read_ends(reply: Reply) -> dict[str, float]:
    """The end of each certificate by its id, in seconds since 1970; infinity where the cloud names none."""
    items = (reply.get("ServerCertificates") or {}).get("ServerCertificate") or []
    return {
        item["ServerCertificateId"]: int(item["ExpireTimeStamp"]) / MILLISECONDS
        if item.get("ExpireTimeStamp")
        else float("inf")
        for item in items
    }
