"""All checks in their order. Where one cannot be made it names the check that is in its way, and the others go on."""

from dataclasses import dataclass

from yunqiao.install.access import access
from yunqiao.install.allowed import allowed
from yunqiao.install.cluster import connection, leading
from yunqiao.install.configuration import Given, configuration
from yunqiao.install.findings import Report, Section
from yunqiao.install.nodes import nodes
from yunqiao.install.place import place
from yunqiao.install.routes import routes
from yunqiao.install.services import services
from yunqiao.install.sight import Cloud, Cluster
from yunqiao.model.errors import Trouble
from yunqiao.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to judge.

    `settings` are those that the looks were made with; where `given` has problems, they are what is left without it.
    """

    given: Given
    settings: Settings
    cluster: Cluster | Trouble
    cloud: Cloud | Trouble


def examine(case: Case) -> Report:
    """Every check."""
    settings, cluster, cloud = case.settings, case.cluster, case.cloud
    sections = {
        "configuration": configuration(case.given, settings),
        "cluster": connection(cluster),
        "controller": leading(cluster),
        "access to the cloud": access(cloud, settings, case.given),
        "permissions in the cloud": allowed(cloud, settings.controllers),
        "place in the cloud": place(cluster, cloud, settings),
        "nodes": nodes(cluster, cloud, settings),
        "routes": routes(cluster, cloud, settings),
        "Services": services(cluster, settings),
    }
    told = [Section(subject, tuple(findings)) for subject, findings in sections.items()]
    return Report(told, blind=isinstance(cluster, Trouble) and not _heard(cloud))


def _heard(cloud: Cloud | Trouble) -> bool:
    """Whether the cloud has answered anything."""
    return isinstance(cloud, Cloud) and any(one is None or one.fault is not None for one in cloud.answers.values())
