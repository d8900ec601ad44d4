"""For whatever comes and goes: every wish is reached, then left alone, and what is folded is what would be seen."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routes.conftest import Bench, new_node

NAMES = ("a", "b", "c", "d")
RANGES = tuple(f"172.16.{number}.0/24" for number in range(5))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.sampled_from(NAMES), st.sampled_from(RANGES)),
        st.tuples(st.just("leave"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("restart"), st.just(""), st.just("")),
        st.tuples(st.just("turn"), st.just(""), st.just("")),
    ),
    max_size=14,
)


async def live(bench: Bench, steps) -> None:
    for name in NAMES:
        bench.boot(name)
    for number, (what, name, cidr) in enumerate(steps):
        taken = {cidr for one, node in bench.cluster.held.items() if one != name for cidr in node.spec.pod_cidrs}
        if what == "join" and cidr not in taken:
            bench.cluster.held[name] = new_node(name, cidr, uid=f"uid-{number}")
        elif what == "leave":
            bench.cluster.held.pop(name, None)
        elif what == "restart":
            bench.restart()
        elif what == "turn":
            await bench.turn()


def believed(bench: Bench):
    (table,) = bench.site.known.seen.tables.values()
    return {route.cidr: (route.next_hop, route.description) for route in table.routes.values()}


@given(STEPS)
@settings(max_examples=80, deadline=None)
async def test_every_wish_is_reached_then_left_alone(steps) -> None:
    bench = Bench()
    await live(bench, steps)
    await bench.settle()
    wanted = {cidr: f"i-{name}" for name, node in bench.cluster.held.items() for cidr in node.spec.pod_cidrs}
    assert bench.cloud.routes() == wanted
    assert set(bench.cluster.unavailable().values()) <= {"False"}
    writes, patches = len(bench.cloud.writes()), len(bench.cluster.patches)
    await bench.period()
    bench.restart()
    await bench.settle()
    assert (len(bench.cloud.writes()), len(bench.cluster.patches)) == (writes, patches)


@given(STEPS)
@settings(max_examples=60, deadline=None)
async def test_what_is_folded_is_what_a_look_would_show(steps) -> None:
    bench = Bench()
    await live(bench, steps)
    await bench.settle()
    folded = believed(bench)
    bench.site.known.doubt()
    await bench.turn()
    assert believed(bench) == folded
