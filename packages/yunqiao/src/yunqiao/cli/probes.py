"""What the kubelet and Prometheus ask: /healthz, /readyz, /metrics."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby

from aiohttp import web

from yunqiao.cloud.metrics import CallMetrics
from yunqiao.engine.figures import Figure, Figures
from yunqiao.model.errors import Refused
from yunqiao.settings import Settings


@dataclass(slots=True)
class Probes:
    """What they are told: `ready` is true once everything that there is in Kubernetes is known.

    `figures` are those of the controllers that work here.
    """

    ready: bool = False
    calls: CallMetrics = field(default_factory=CallMetrics)
    figures: list[Figures] = field(default_factory=list)


@asynccontextmanager
async def serve(probes: Probes, settings: Settings) -> AsyncIterator[None]:
    """Answer on the two addresses while the context lasts; 0 switches one off. Raises Refused when it is taken."""
    health = [web.get("/healthz", _ok), web.get("/healthz/{check}", _ok), web.get("/readyz", _readiness(probes))]
    async with _site(settings.health_address, health), _site(settings.metrics_address, [_metrics(probes)]):
        yield


@asynccontextmanager
async def _site(address: str, routes: list[web.RouteDef]) -> AsyncIterator[None]:
    host, _, port = address.rpartition(":")
    if port in ("", "0"):
        yield
        return
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host.strip("[]"), int(port))
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host or None, port).start()
    except OSError as error:
        why = f"cannot listen on {host}:{port}: {error.strerror}; choose another address, or 0 for none"
        raise Refused(why) from error


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _readiness(probes: Probes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        if probes.ready:
            return web.Response(text="ok")
        return web.Response(status=503, text="Kubernetes has not been listed yet")

    return answer


def _metrics(probes: Probes) -> web.RouteDef:
    async def answer(_: web.Request) -> web.Response:
        lines = [*_lines(probes.calls), *_figures(each for figures in probes.figures for each in figures())]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

    return web.get("/metrics", answer)


def _lines(calls: CallMetrics) -> Iterator[str]:
    yield "# HELP yunqiao_cloud_call_seconds Calls to Alibaba Cloud and how long they took."
    yield "# TYPE yunqiao_cloud_call_seconds summary"
    for (product, action, outcome), durations in sorted(calls.by_outcome.items()):
        labels = f'{{product="{product}",action="{action}",outcome="{outcome}"}}'
        yield f"yunqiao_cloud_call_seconds_count{labels} {durations.count}"
        yield f"yunqiao_cloud_call_seconds_sum{labels} {durations.seconds:.6f}"


def _figures(figures: Iterable[Figure]) -> Iterator[str]:
    for name, those in groupby(figures, key=lambda figure: figure.name):
        group = list(those)
        yield f"# HELP {name} {group[0].help}"
        yield f"# TYPE {name} {group[0].kind}"
        for figure in group:
            labels = ",".join(f'{label}="{value}"' for label, value in figure.labels.items())
            yield f"{name}{f'{{{labels}}}' if labels else ''} {figure.value:g}"
