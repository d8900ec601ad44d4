"""The three ways in which a balancer reaches pods, as parameters of a test."""

import pytest
from tests.loss.site import CLUSTER, ENI, LOCAL

HASTY = pytest.mark.xfail(reason="what leaves keeps its weight for a while though others are healthy", strict=False)
MODES = [
    pytest.param(CLUSTER, id="cluster"),
    pytest.param(LOCAL, id="local", marks=HASTY),
    pytest.param(ENI, id="eni", marks=HASTY),
]
NOT_CLUSTER = MODES[1:]
