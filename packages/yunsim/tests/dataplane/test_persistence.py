from yunsim.dataplane.engine import Backend, HealthCheck
from yunsim.dataplane.health import Health
from yunsim.dataplane.persistence import Persistence
from yunsim.dataplane.pool import Target

TARGET = Target(Backend("a", "127.0.0.9", 1, 100), Health(HealthCheck(kind="off")))


def test_an_address_keeps_its_backend_until_the_timeout_after_its_latest_connection():
    memory = Persistence(10.0)
    memory.remember("127.0.0.1", TARGET, 100.0)
    assert memory.recall("127.0.0.1", 109.9) is TARGET
    assert memory.recall("127.0.0.2", 109.9) is None
    memory.remember("127.0.0.1", TARGET, 109.0)
    assert memory.recall("127.0.0.1", 118.9) is TARGET
    assert memory.recall("127.0.0.1", 119.0) is None


def test_what_is_too_old_is_not_kept():
    memory = Persistence(10.0)
    for second in range(100):
        memory.remember(f"127.0.0.{second}", TARGET, float(second))
    assert len(memory._last) == 10


def test_without_a_timeout_nothing_is_kept():
    memory = Persistence()
    memory.remember("127.0.0.1", TARGET, 100.0)
    assert memory.recall("127.0.0.1", 100.0) is None
    assert memory._last == {}
