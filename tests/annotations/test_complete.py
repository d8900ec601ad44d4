"""No annotation is left without tests: of its first value, a change, its removal and a bad value."""

import importlib
from pathlib import Path

import pytest
from tests.annotations.lives import CHAPTERS, TOLD

from yunqiao.controllers.services.clb.options import BACKEND_TYPE, Options
from yunqiao.options.declare import declared

for path in sorted(Path(__file__).parent.glob("test_*.py")):
    if path != Path(__file__):
        importlib.import_module(f"tests.annotations.{path.stem}")

SUFFIXES = [option.suffix for _, option in declared(Options)]


@pytest.mark.parametrize("suffix", [*SUFFIXES, BACKEND_TYPE.rpartition("/")[2]])
def test_every_chapter_of_its_life_has_a_test(suffix: str) -> None:
    assert [chapter for chapter in CHAPTERS if chapter not in TOLD[suffix]] == []


def test_no_test_tells_of_an_annotation_that_does_not_exist() -> None:
    assert TOLD.keys() - {*SUFFIXES, "backend-type"} == set()
