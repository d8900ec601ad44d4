"""What can happen to Services, each from a settled beginning; and how a whole life ends under given troubles."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.crash import foreign
from tests.crash.picture import difference, picture
from tests.crash.stage import APACHE, NGINX, UIDS, Stage
from tests.crash.weather import Weather

from yunqiao.model.cluster import ServicePort, ServiceStatus
from yunqiao.model.keys import balancer_name

Change = Callable[[Stage], None]


def ports(*pairs: tuple[int, int]) -> list[ServicePort]:
    return [ServicePort(name=f"p{port}", port=port, node_port=node_port) for port, node_port in pairs]


ONE, TWO = ports((80, 30080)), ports((80, 30080), (81, 30081))


def create(stage: Stage) -> None:
    stage.apply(NGINX, ports=ONE)


def create_two(stage: Stage) -> None:
    stage.apply(NGINX, ports=TWO)
    stage.apply(APACHE)


def delete_two(stage: Stage) -> None:
    stage.delete(NGINX)
    stage.delete(APACHE)


def everything(stage: Stage) -> None:
    stage.apply(NGINX, ports=ports((81, 30082), (82, 30083)))
    stage.annotate(NGINX, scheduler="wlc")
    stage.delete(APACHE)
    stage.put_nodes(1, 2)


def annotate(stage: Stage) -> None:
    stage.annotate(NGINX, scheduler="wlc", name="shop", delete_protection="off")


@dataclass(frozen=True)
class Chapter:
    """A change, the wish that it starts from, and what undoes it (None: it has no way back)."""

    name: str
    before: Change | None
    change: Change
    back: Change | None = None


def two_ports(stage: Stage) -> None:
    stage.apply(NGINX, ports=TWO)


GIVEN_UP = Chapter(
    "no balancer any more",
    create,
    lambda stage: stage.apply(NGINX, type="ClusterIP"),
    lambda stage: stage.apply(NGINX, type="LoadBalancer"),
)
"""A Service that wants its balancer again may still have it, or gets another: both are right."""

CHAPTERS = (
    Chapter("created", None, create, lambda stage: stage.delete(NGINX)),
    Chapter("backend swapped", create, lambda stage: stage.put_nodes(1, 2), lambda stage: stage.put_nodes(0, 1)),
    Chapter("backend added", create, lambda stage: stage.put_nodes(0, 1, 2), lambda stage: stage.put_nodes(0, 1)),
    Chapter("backend removed", create, lambda stage: stage.put_nodes(1), lambda stage: stage.put_nodes(0, 1)),
    Chapter("port added", create, two_ports, create),
    Chapter("port removed", two_ports, create, two_ports),
    Chapter("port moved", create, lambda stage: stage.apply(NGINX, ports=ports((81, 30080))), create),
    Chapter("node port changed", create, lambda stage: stage.apply(NGINX, ports=ports((80, 30082))), create),
    Chapter("annotations changed", create, annotate),
    GIVEN_UP,
    Chapter("deleted", create, lambda stage: stage.delete(NGINX)),
)  # fmt: skip
"""The life of one Service."""

PAIRS = (
    Chapter("two created", None, create_two, delete_two),
    Chapter("two with everything at once", create_two, everything),
    Chapter("two deleted", create_two, delete_two),
)
"""The lives of two, side by side in one process and one cloud."""


@dataclass(frozen=True)
class End:
    """How a life ended: the picture, what is of others, and the events that it took."""

    picture: object
    theirs: dict[str, str]
    events: list[str]


_beginnings: dict[str, bytes] = {}


async def begin(chapter: Chapter) -> Stage:
    """A stage on which everybody has settled in, nothing is under way, and the controller has seen it all."""
    if chapter.name not in _beginnings:
        _beginnings[chapter.name] = await _first_beginning(chapter)
    stage = Stage.restored(_beginnings[chapter.name])
    await stage.settle()
    await left_alone(stage, chapter.name)
    return stage


async def _first_beginning(chapter: Chapter) -> bytes:
    stage = Stage()
    foreign.settle_in(stage.world)
    stage.put_nodes(0, 1)
    if chapter.before is not None:
        chapter.before(stage)
        await stage.settle()
        foreign.intrude(stage.world)
    return stage.kept()


async def live(chapter: Chapter, weather: Weather, *, back_at: int | None = None) -> Stage:
    """The chapter under that weather; before event `back_at` (or after the last) its user takes the wish back."""
    stage = await begin(chapter)
    chapter.change(stage)
    stage.weather = weather
    if back_at is not None:
        stage.before_event[back_at] = lambda: chapter.back(stage)
    await stage.settle()
    while stage.before_event:
        stage.before_event.popitem()[1]()
        await stage.settle()
    stage.let_arrive()
    return stage


async def undisturbed(chapter: Chapter, *, back: bool = False) -> End:
    """How it should end. `back`: with the wish taken back once it was fulfilled."""
    stage = await live(chapter, Weather())
    events = list(stage.weather.events)
    if back:
        chapter.back(stage)
        await stage.settle()
    await left_alone(stage, "undisturbed")
    for key in stage.clusters:
        assert is_served(stage, key), f"{chapter.name}: {key} is not served as it asks, even undisturbed"
    return End(shown(stage), foreign.theirs(stage.world), events)


def shown(stage: Stage) -> object:
    """The stage as everybody can see it."""
    return picture(stage.world, {key: one.service for key, one in stage.clusters.items()})


def is_served(stage: Stage, key: str) -> bool:
    """Whether a Service has all that it asks for: running listeners, the nodes behind them, its address; or nothing."""
    service, name = stage.clusters[key].service, balancer_name(UIDS[key])
    balancers = stage.world.states["slb"].load_balancers.values()
    ours = [one for one in balancers if one.tags.get(foreign.OWNER_TAG) == name]
    if service is None or service.spec.type != "LoadBalancer":
        return not ours and (service is None or (service.metadata.finalizers, service.status) == ([], ServiceStatus()))
    if len(ours) != 1:
        return False
    (balancer,) = ours
    servers = {node.spec.provider_id.partition(".")[2] for node in stage.nodes}
    wanted = {(port.port, server, port.node_port) for port in service.spec.ports for server in servers}
    running = [one for one in balancer.listeners.values() if one.status == "running" and one.port != foreign.PORT]
    found = {
        (one.port, backend.server_id, backend.port)
        for one in running
        for backend in balancer.groups[one.settings["VServerGroupId"]].backends.values()
        if backend.description != foreign.OUTSIDE
    }
    return found == wanted and [one.ip for one in service.status.load_balancer.ingress] == [balancer.address]


async def ends_well(stage: Stage, expected: End, story: str) -> None:
    """Judge how a life ended: at once if everybody could see clearly, else after the next verification."""
    if not stage.weather.clear:
        await stage.verify()
    if stage.weather.unclear_patch:  # a note of a change under way that nobody knows of goes with the next start
        stage.restart()
        await stage.settle()
    stage.unmeddle()
    found = shown(stage)
    assert found == expected.picture, f"{story}: {difference(found, expected.picture)}"
    assert foreign.theirs(stage.world) == expected.theirs, f"{story}: something of others was touched"
    await left_alone(stage, story)


async def left_alone(stage: Stage, story: str) -> None:
    """Nothing is done when everything is as it should be, and nothing went wrong that has no name."""
    written = await stage.verify()
    assert written == [], f"{story}: the next verification still wrote {written}"
    assert stage.bugs == [], f"{story}: {stage.bugs!r}"


class Verdict:
    """All that went wrong in a walk over many lives, told at once."""

    def __init__(self) -> None:
        self.lives = 0
        self.failures: list[str] = []

    async def judge(self, stage: Stage, expected: End, story: str) -> None:
        """Take down how one life ended."""
        self.lives += 1
        try:
            await ends_well(stage, expected, story)
        except AssertionError as failure:
            self.failures.append(str(failure))

    def tell(self) -> None:
        """Fail with the first of what went wrong."""
        count = f"{len(self.failures)} of {self.lives} lives ended wrongly"
        assert not self.failures, "\n".join([count, *self.failures[:20]])
