"""A ClusterRole as the walkthrough writes it: what may not be read is done without, and said."""

import ssl

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web

SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
NAMESPACE = "/api/v1/namespaces/kube-system"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def gate(bare_stage):
    """The API server behind a door that answers 403 for what the walkthrough's ClusterRole does not name."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False) as session:

        async def through(request):
            if request.path == NAMESPACE or request.path.startswith(SLICES):
                return web.json_response(_forbidden(request.path), status=403)
            url = bare_stage.box.cluster + request.path_qs
            headers = {
                name: value for name, value in request.headers.items() if name in ("Authorization", "Content-Type")
            }
            async with session.request(request.method, url, data=await request.read(), headers=headers) as answer:
                response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", through)
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield _kubeconfig(bare_stage, f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            for program in bare_stage.programs:
                await program.stop()
            await runner.cleanup()


def _forbidden(path):
    message = f"{path} is forbidden: no rule of the ClusterRole allows it"
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403,
            "message": message}  # fmt: skip


def _kubeconfig(stage, server):
    config = yaml.safe_load(stage.box.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": server}
    path = stage.box.folder / "kubeconfig-behind-the-gate"
    path.write_text(yaml.safe_dump(config))
    return path


async def test_without_endpointslices_and_namespaces_it_works_with_endpoints_and_says_what_to_allow(
    bare_stage, gate, logged
):
    program = await bare_stage.controller(kubeconfig=gate)
    log = await logged(program, "leading as")
    assert "WARNING yunqiao.kube.snapshot: reading Endpoints instead of EndpointSlices" in log
    assert 'apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"]' in log
    log = await logged(program, "cluster ")
    assert "taking the UID of the Service default/kubernetes for the cluster's id instead" in log

    await bare_stage.deployment("web", 1)
    (node,) = (await bare_stage.pods("web", 1)).values()
    await bare_stage.service("web", externalTrafficPolicy="Local")
    address = await bare_stage.address("web")
    await bare_stage.until_backends("web", {f"i-bp1worker0000000000{node.rpartition('-')[2]}"})
    assert not (await bare_stage.answers(address, 5)).failures
    await bare_stage.kube("PATCH", "/apis/apps/v1/namespaces/default/deployments/web", {"spec": {"replicas": 0}})
    await bare_stage.until_backends("web", set())
