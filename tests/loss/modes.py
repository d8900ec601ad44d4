"""The three ways in which a balancer reaches pods, as parameters of a test."""

import pytest
from tests.loss.wishes import CLUSTER, ENI, LOCAL

MODES = [pytest.param(mode, id=str(mode)) for mode in (CLUSTER, LOCAL, ENI)]
NOT_CLUSTER = MODES[1:]
