"""Tables: what kubectl get prints.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Iterable
from datetime import datetime

from kubesim.kinds import Kind
from kubesim.objects import Object
from kubesim.schema.definitions import description
from kubesim.server.answers import partial
from kubesim.server.columns import COLUMNS, DEFAULT


def table(
    kind: Kind, objects: Iterable[Object], metadata: Object, include: str, now: datetime, *, headed: bool = True
) -> Object:
    """A Table of objects; `include` is the request's includeObject (None, Metadata, Object)."""
    columns = COLUMNS.get(kind.resource, DEFAULT)
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description or description(kind.type, column.field),
            "priority": column.priority,
        }
        for column in columns
    ]
    rows = [{"cells": [column.cell(obj, now) for column in columns]} | _included(obj, include) for obj in objects]
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return head | {"columnDefinitions": definitions if headed else [], "rows": rows}


def _included(obj: Object, include: str) -> Object:
    if include == "None":
        return {}
    return {"object": obj if include == "Object" else partial(obj)}
