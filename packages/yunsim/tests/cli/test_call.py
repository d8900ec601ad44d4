"""One call from a shell, against a yunsim that runs."""

import json

import pytest

from yunsim.cli import main

PAID = "InstanceChargeType=PayByCLCU"


@pytest.fixture
def at(yunsim):
    return f"--at={yunsim.url}"


def test_a_call_prints_the_answer(yunsim, at, capsys, monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", yunsim.key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", yunsim.secret)
    assert main(["call", at, "slb", "CreateLoadBalancer", "LoadBalancerName=shop", PAID]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["LoadBalancerName"] == "shop"
    assert main(["call", at, "slb", "DescribeLoadBalancerAttribute", f"LoadBalancerId={made['LoadBalancerId']}"]) == 0


def test_an_error_goes_to_standard_error_and_to_the_status(at, capsys):
    assert main(["call", at, "slb", "DescribeLoadBalancerAttribute", "LoadBalancerId=lb-none"]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "Code" in printed.err) == ("", True)


def test_nobody_there_is_said(capsys):
    assert main(["call", "--at=http://127.0.0.1:9", "slb", "DescribeLoadBalancers"]) == 1
    assert "does not answer as a yunsim does" in capsys.readouterr().err


def test_a_parameter_without_a_value_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["call", "slb", "CreateLoadBalancer", "LoadBalancerName"])
    assert "is not NAME=VALUE" in capsys.readouterr().err
