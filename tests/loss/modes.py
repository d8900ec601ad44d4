"""The three ways in which a balancer reaches pods, as parameters of a test."""

import pytest
from tests.loss.site import CLUSTER, ENI, LOCAL

NO_ENI = pytest.mark.skip(reason="network interfaces as backends are not there yet")
MODES = [
    pytest.param(CLUSTER, id="cluster"),
    pytest.param(LOCAL, id="local"),
    pytest.param(ENI, id="eni", marks=NO_ENI),
]
NOT_CLUSTER = MODES[1:]
