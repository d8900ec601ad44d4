"""Controllers and nodes without machines: deployments become pods, pods become endpoints, and both really answer.

`run` is the whole of it until cancelled; `Hollow` is the same with nodes that can be stopped, started and removed.
"""

from kubesim.hollow.hollow_cluster import Hollow, run
from kubesim.hollow.nodes_file import NodesFile, NodesFileError, NodeSpec, load
from kubesim.hollow.programs import Program, Start

__all__ = ["Hollow", "NodeSpec", "NodesFile", "NodesFileError", "Program", "Start", "load", "run"]
