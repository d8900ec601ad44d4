"""The hollow nodes that run at the moment: starting and stopping them, and telling each what concerns it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from ipaddress import IPv4Network

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.endpointslices import SLICES
from kubesim.hollow.hearing import Hearing
from kubesim.hollow.homes import Place
from kubesim.hollow.kube_proxy import KubeProxy
from kubesim.hollow.kubelet import Kubelet
from kubesim.hollow.node_status import report_silence
from kubesim.hollow.nodes_file import NodeSpec
from kubesim.hollow.programs import Program
from kubesim.hollow.silence import Silence
from kubesim.hollow.wire import Wire
from kubesim.objects import Object


class Nodes:
    """All hollow nodes, running or not."""

    def __init__(
        self,
        cluster: Cluster,
        wire: Wire,
        *,
        grace: float,
        server: Place | None = None,
        programs: Mapping[str, Program],
    ) -> None:
        """Follow pods, Nodes and slices on behalf of every kubelet.

        `server` is where the API server listens for machines that have a network of their own; `programs` are
        what containers run, by image.
        """
        self.specs: dict[str, NodeSpec] = {}
        self.proxy = KubeProxy(cluster, wire)
        self._cluster = cluster
        self._wire = wire
        self._grace = grace
        self._running: dict[str, tuple[Kubelet, asyncio.Task[None]]] = {}
        self._unnoticed: dict[str, asyncio.TimerHandle] = {}
        self._silent: dict[str, Silence] = {}
        self._server = server
        self._programs = programs
        self._hearings: dict[str, asyncio.Task[None]] = {}
        cluster.on_change("pods", self._on_pod)
        cluster.on_change("nodes", self._on_node)
        cluster.on_change(SLICES, self._on_slice)

    @property
    def running(self) -> frozenset[str]:
        """The names of the nodes that run."""
        return frozenset(self._running)

    def start(self, spec: NodeSpec) -> None:
        """Start a node: it registers, runs its pods and serves its ports. Raises StatusError if it cannot."""
        if spec.name in self._running:
            return
        self._is_heard_of(spec.name)
        self._end_silence(spec.name)
        self.specs[spec.name] = spec
        for network in (IPv4Network(spec.internal_ip), spec.pod_cidr):
            self._wire.homes.assign(network, spec.namespace)
        kubelet = Kubelet(self._cluster, spec, self._wire, grace=self._grace, programs=self._programs)
        kubelet.register()
        self._running[spec.name] = kubelet, asyncio.get_running_loop().create_task(kubelet.run())
        for pod in self._cluster.list("pods"):
            if pod["spec"].get("nodeName") == spec.name:
                kubelet.on_pod(None, pod)
        if spec.serves_node_ports:
            self.proxy.add_node(spec.name, spec.internal_ip)
        if spec.namespace and self._server:
            hearing = Hearing(self._wire.homes.of(spec.internal_ip), self._server, partial(self._heard, spec.name))
            self._hearings[spec.name] = asyncio.get_running_loop().create_task(hearing.run())

    async def halt(self, name: str, *, silently: bool = False) -> None:
        """Stop a node's machine at once: nothing on it answers any more, and nobody is told.

        Its ports refuse, unless it stops silently: then packets to it go nowhere.
        """
        if name in self._hearings:
            hearing = self._hearings.pop(name)
            hearing.cancel()
            await asyncio.wait([hearing])
        if name in self._running:
            kubelet, task = self._running.pop(name)
            silence = Silence(self._wire.homes.of(self.specs[name].internal_ip)) if silently else None
            if silence:
                self._silent[name] = silence
                kubelet.lose_power(silence)
            self.proxy.remove_node(name, silence)
            task.cancel()
            await asyncio.wait([task])

    def notice(self, name: str, after: float) -> None:
        """Have the control plane notice in some seconds that a node is silent, unless that is heard of until then."""
        self._is_heard_of(name)
        if after > 0:
            loop = asyncio.get_running_loop()
            self._unnoticed[name] = loop.call_later(after, self._report_silence, name)
        else:
            self._report_silence(name)

    def _heard(self, name: str, gets_through: bool) -> None:
        if gets_through and name in self._running:
            self._running[name][0].register()
        elif not gets_through:
            self._report_silence(name)

    def _end_silence(self, name: str) -> None:
        if name in self._silent:
            self._silent.pop(name).end()

    def _is_heard_of(self, name: str) -> None:
        if name in self._unnoticed:
            self._unnoticed.pop(name).cancel()

    def _report_silence(self, name: str) -> None:
        self._unnoticed.pop(name, None)

        def edit(node: Object) -> None:
            report_silence(node["status"], self._cluster.timestamp())

        self._cluster.change("nodes", ("", name), edit, subresource="status")

    async def close(self) -> None:
        """Stop every node."""
        for name in list(self._running):
            await self.halt(name)
        for name in {*self._unnoticed, *self._silent}:
            self._is_heard_of(name)
            self._end_silence(name)
        self.proxy.close()

    def _kubelets(self) -> Mapping[str, Kubelet]:
        return {name: kubelet for name, (kubelet, _) in self._running.items()}

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        for name in {pod["spec"].get("nodeName") for pod in (old, new) if pod}:
            if name in self._running:
                self._running[name][0].on_pod(old, new)

    def _on_node(self, _: Object | None, new: Object | None) -> None:
        if new is not None and new["metadata"]["name"] in self._running:
            self._running[new["metadata"]["name"]][0].on_node(new)

    def _on_slice(self, old: Object | None, new: Object | None) -> None:
        endpoints = [each for slice_ in (old, new) if slice_ for each in slice_.get("endpoints") or ()]
        addresses = {address for endpoint in endpoints for address in endpoint["addresses"]}
        for kubelet in self._kubelets().values():
            kubelet.on_addresses(addresses)
