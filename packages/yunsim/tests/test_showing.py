"""Resources as JSON data."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network

from yunsim.showing import shown


@dataclass
class Thing:
    name: str
    secret: str = field(default="hush", repr=False)
    _own: int = 1


def test_everything_becomes_json_and_secrets_stay_out():
    data = {
        ("tcp", 80): Thing("a"),
        IPv4Network("10.0.0.0/8"): datetime(2026, 1, 1, tzinfo=UTC),
        "set": {"b", "a"},
        "tuple": (1, None, 1.5, True),
    }
    assert json.loads(json.dumps(shown(data))) == {
        "tcp/80": {"name": "a"},
        "10.0.0.0/8": "2026-01-01T00:00:00+00:00",
        "set": ["a", "b"],
        "tuple": [1, None, 1.5, True],
    }
