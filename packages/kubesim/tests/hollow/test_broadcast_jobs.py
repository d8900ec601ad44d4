"""BroadcastJobs on hollow nodes."""

import pytest

JOBS = "broadcastjobs.apps.kruise.io"
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINITION = {
    "metadata": {"name": JOBS},
    "spec": {
        "group": "apps.kruise.io",
        "scope": "Namespaced",
        "names": {"kind": "BroadcastJob", "plural": "broadcastjobs", "shortNames": ["bcj"]},
        "versions": [{
            "name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": FREE, "status": FREE}}},
        }],
    },
}  # fmt: skip


def job(policy=None, **spec):
    template = {"spec": {"containers": [{"name": "c", "image": "tool"}], "restartPolicy": "Never"} | spec}
    return {"metadata": {"name": "job"}, "spec": {"template": template, "completionPolicy": policy or {}}}


class Tool:
    """Ends with the code that is given for the node, else with 0."""

    def __init__(self, **codes):
        self.nodes, self._codes = [], codes

    async def __call__(self, start):
        self.nodes.append(start.node)
        return self._codes.get(start.node, 0)


@pytest.fixture
def start(hollow_world):
    return lambda tool: hollow_world(programs={"tool": tool})


async def test_it_runs_once_on_each_node_that_it_tolerates_and_completes(start):
    tool = Tool()
    async with start(tool) as world:
        world.verbs.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
        world.create(JOBS, job({"type": "Always"}))
        await world.eventually(lambda: world.get(JOBS, "job").get("status", {}).get("phase") == "completed")
        status = world.get(JOBS, "job")["status"]
    assert sorted(tool.nodes) == ["w1", "w2", "w3"]
    assert (status["desired"], status["succeeded"], status["active"], status["failed"]) == (3, 3, 0, 0)
    assert status["conditions"][0]["type"] == "Complete"


async def test_one_that_never_completes_takes_in_nodes_that_suit_later(start):
    tool = Tool()
    async with start(tool) as world:
        world.verbs.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
        world.create(JOBS, job({"type": "Never"}, nodeSelector={"pool": "a"}))
        world.merge("nodes", "w1", {"metadata": {"labels": {"pool": "a"}}}, "")
        await world.eventually(lambda: tool.nodes == ["w1"])
        world.merge("nodes", "w2", {"metadata": {"labels": {"pool": "a"}}}, "")
        await world.eventually(lambda: world.get(JOBS, "job").get("status", {}).get("succeeded") == 2)
        assert world.get(JOBS, "job")["status"]["phase"] == "running"
    assert tool.nodes == ["w1", "w2"]


async def test_all_taints_tolerated_means_all_nodes_and_a_time_to_live_ends_it(start):
    tool = Tool()
    async with start(tool) as world:
        world.verbs.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
        policy = {"type": "Always", "ttlSecondsAfterFinished": 0}
        world.create(JOBS, job(policy, tolerations=[{"operator": "Exists"}]))
        await world.eventually(lambda: len(tool.nodes) == 4 and not world.items(JOBS))
        await world.eventually(lambda: not world.pods())


async def test_a_pod_that_failed_fails_a_job_that_is_to_fail_fast(start):
    async with start(Tool(w2=3)) as world:
        world.verbs.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
        world.create(JOBS, job())
        await world.eventually(lambda: world.get(JOBS, "job").get("status", {}).get("phase") == "failed")
