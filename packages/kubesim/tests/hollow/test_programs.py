"""Pods whose containers run something to its end."""

import pytest

NAME = {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}


class Runs:
    """A program that notes how it was started, and ends with the codes given, then with 0."""

    def __init__(self, *codes):
        self.starts, self._codes = [], list(codes)

    async def __call__(self, start):
        self.starts.append(start)
        return self._codes.pop(0) if self._codes else 0


def container(image, name="main", **more):
    return {"name": name, "image": image} | more


def phase(world, name="one"):
    return world.get("pods", name)["status"].get("phase")


@pytest.fixture
def start(hollow_world):
    return lambda program: hollow_world(programs={"tool": program})


async def test_a_pod_ends_with_its_program_which_is_told_its_node(start):
    tool = Runs()
    async with start(tool) as world:
        main = container("tool", command=["/bin/tool"], args=["-v"], env=[NAME, {"name": "A", "value": "b"}])
        world.create("pods", world.pod(containers=[main], restartPolicy="Never", nodeSelector={}))
        await world.eventually(lambda: phase(world) == "Succeeded")
        pod = world.get("pods", "one")
    assert [each.command for each in tool.starts] == [("/bin/tool", "-v")]
    assert tool.starts[0].environment == {"NODE_NAME": pod["spec"]["nodeName"], "A": "b"}
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    assert world_ready(pod) == ("False", "PodCompleted")


def world_ready(pod):
    return next((each["status"], each["reason"]) for each in pod["status"]["conditions"] if each["type"] == "Ready")


async def test_a_program_that_fails_is_started_again_where_the_pod_says_so(start):
    tool = Runs(3, 4)
    async with start(tool) as world:
        world.create("pods", world.pod(containers=[container("tool")], restartPolicy="OnFailure"))
        await world.eventually(lambda: phase(world) == "Succeeded")
        status = world.get("pods", "one")["status"]["containerStatuses"][0]
    assert (len(tool.starts), status["restartCount"]) == (3, 2)


async def test_a_program_that_fails_fails_the_pod_that_never_restarts(start):
    async with start(Runs(3)) as world:
        world.create("pods", world.pod(containers=[container("tool")], restartPolicy="Never"))
        await world.eventually(lambda: phase(world) == "Failed")
        ended = world.get("pods", "one")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")


async def test_a_pod_is_ready_after_its_init_containers_ran_once_each(start):
    tool = Runs(1)
    async with start(tool) as world:
        first = [container("tool", "first", args=["1"]), container("tool", "second", args=["2"])]
        world.create("pods", world.pod(initContainers=first, containers=[container("sleeper")]))
        await world.eventually(lambda: phase(world) == "Pending")
        await world.eventually(lambda: world.pods(ready=True))
        assert phase(world) == "Running"
    assert [each.command for each in tool.starts] == [("1",), ("1",), ("2",)]


async def test_an_image_without_a_program_runs_for_ever(start):
    async with start(Runs()) as world:
        world.create("pods", world.pod(containers=[container("other"), container("tool", "tool")],
                                       restartPolicy="Never"))  # fmt: skip
        await world.eventually(lambda: phase(world) == "Running")
