"""Ages in tables."""

import pytest

from kubesim.server.ages import short_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (5 * 3600 + 600, "5h10m"),
        (10 * 3600, "10h"),
        (50 * 3600, "2d2h"),
        (100 * 86400, "100d"),
        (3 * 365 * 86400, "3y"),
    ],
)
def test_ages_have_at_most_two_units(seconds, text):
    assert short_duration(seconds) == text
