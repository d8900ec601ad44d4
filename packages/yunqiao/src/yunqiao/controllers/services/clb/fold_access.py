"""What an answer proves about access control lists, which belong to no balancer and outlive the one that used them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from yunqiao.cloud.clb.access_control import carried
from yunqiao.model.balancer import UNMANAGED, AccessList
from yunqiao.model.step import Call, Reply

Lists = tuple[AccessList, ...]


def _list_created(have: Lists, call: Call, reply: Reply) -> Lists:
    return (*have, AccessList(call.params["AclName"], frozenset(), reply["AclId"], call.params["AddressIPVersion"]))


def _list_deleted(have: Lists, call: Call, _: Reply) -> Lists:
    return tuple(one for one in have if one.id != call.params["AclId"])


def _on_entries(change: Callable[[frozenset[str], Call], frozenset[str]]) -> Callable[[Lists, Call, Reply], Lists]:
    """Fold a change of one list's entries."""

    def folded(have: Lists, call: Call, _: Reply) -> Lists:
        return tuple(
            replace(one, entries=change(one.entries, call))
            if one.id == call.params["AclId"] and one.entries is not UNMANAGED
            else one
            for one in have
        )

    return folded


ON_LISTS: Mapping[str, Callable[[Lists, Call, Reply], Lists]] = {
    "CreateAccessControlList": _list_created,
    "DeleteAccessControlList": _list_deleted,
    "AddAccessControlListEntry": _on_entries(lambda entries, call: entries | carried(call)),
    "RemoveAccessControlListEntry": _on_entries(lambda entries, call: entries - carried(call)),
}
"""By action: our lists after a call, from those before it."""
