"""The walkthrough's DaemonSet and cloud-config as they are written, and what is said when they are wrong."""

import asyncio
import sys
from pathlib import Path

import pytest

MANAGER = str(Path(sys.executable).with_name("cloud-controller-manager"))
FLAGS = (
    "--leader-elect=true",
    "--cloud-provider=alicloud",
    "--use-service-account-credentials=true",
    "--configure-cloud-routes=true",
    "--route-reconciliation-period=3m",
    "--leader-elect-resource-lock=endpoints",
    "--cluster-cidr=${ClusterCIDR}",
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run(*flags):
    """Exit status and standard error of a controller that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        MANAGER, *flags, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, text = await asyncio.wait_for(process.communicate(), 15)
    return process.returncode, text.decode() + out.decode()


async def test_the_flags_as_they_are_written_work_and_what_is_outdated_is_told(bare_stage, logged):
    """ClusterCIDR is left as the script leaves it when nobody substitutes it."""
    program = await bare_stage.controller(*FLAGS)
    log = await logged(program, "leading as")
    assert "WARNING yunqiao: --cluster-cidr: '${ClusterCIDR}' is not a CIDR" in log
    assert 'WARNING yunqiao: --leader-elect-resource-lock: "endpoints" is outdated' in log
    assert "Remove the flag or write leases" in log
    assert "INFO yunqiao: --cloud-provider: has no effect" in log
    assert "WARNING yunqiao: this version has no nlb controller; it runs: " in log
    await bare_stage.service("web")
    await bare_stage.address("web")
    lease = await bare_stage.kube("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ccm")
    old = await bare_stage.kube("GET", "/api/v1/namespaces/kube-system/endpoints/ccm")
    assert lease["spec"]["holderIdentity"] in old["metadata"]["annotations"]["control-plane.alpha.kubernetes.io/leader"]
    assert "no-secret-in-a-sandbox" not in program.log.read_text()


async def test_a_config_that_is_not_there_is_named():
    status, text = await run("--cloud-config=/nowhere/cloud-config.conf")
    assert (status, text) == (
        1,
        '--cloud-config: "/nowhere/cloud-config.conf" cannot be read: No such file or directory\n',
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"Global": {"region": ', "is neither YAML nor JSON"),
        ('{"Region": "cn-hangzhou"}', "has no object `Global`"),
        ('{"Global": {"accessKeyID": "not base64!", "accessKeySecret": "c2VjcmV0"}}', "is not standard base64"),
        ('{"Global": {"accessKeyID": "TFRBSQ=="}}', "accessKeySecret: is missing"),
        ('{"Global": {"serviceBackendType": "pods"}}', '"pods" is not one of'),
    ],
)  # fmt: skip
async def test_a_broken_config_ends_with_status_1_and_says_what_is_wrong(tmp_path, content, said):
    config = tmp_path / "cloud-config.conf"
    config.write_text(content)
    status, text = await run(f"--cloud-config={config}")
    assert status == 1
    assert said in text
    assert "not base64!" not in text
    assert "Traceback" not in text


async def test_a_flag_that_there_is_not_ends_with_status_2_and_the_list_of_flags():
    status, text = await run("--cloud-confg=/etc/x")
    assert status == 2
    assert "--cloud-confg: unknown flag; did you mean --cloud-config?" in text
    assert "--kubeconfig=string" in text
