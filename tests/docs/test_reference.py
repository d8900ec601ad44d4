"""The reference pages say what the code declares, and pages link to what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"")


def generate(*arguments):
    return subprocess.run(
        [sys.executable, "docs/generate.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_generated_pages_are_fresh():
    checked = generate("--check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_wrong_argument_is_refused():
    assert generate("--chek").returncode == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    targets = [one or other for one, other in LINK.findall(page.read_text(encoding="utf-8"))]
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []
