"""What is told of nodes that are none of ours while they wait, with the uninitialized taint, for somebody."""

from collections.abc import Mapping

from yunqiao.controllers.nodes.kinds import Kind

REGISTER_ANEW = "a providerID cannot change, so register the node anew"
WORDS: Mapping[Kind, str] = {
    Kind.ELSEWHERE: 'its providerID "{id}" names another region than {region}, the one that is looked after here: '
    "run a controller for that region, or " + REGISTER_ANEW,
    Kind.HYBRID: 'its providerID "{id}" says that it is a machine outside the cloud: whoever manages that machine has '
    "to take its taint away",
    Kind.VIRTUAL: "it is a virtual node: its virtual kubelet has to take its taint away",
    Kind.FOREIGN: 'its providerID "{id}" names no ECS instance (<region>.<instance id>, alicloud://<region>.<instance '
    "id>): another cloud's controller has to initialise it; if it is an ECS instance, " + REGISTER_ANEW,
}


def word_for(kind: Kind, provider_id: str, region: str) -> str:
    """Why nothing is done to a node, in words for its owner."""
    return WORDS[kind].format(id=provider_id, region=region)
