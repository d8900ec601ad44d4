"""Draw docs/demo.svg: the demo is run, and what it really prints becomes a picture.

`python docs/picture.py` runs `yunqiao demo` and writes the file; nothing in the picture is written by hand. Colours
follow the reader's system, dark or light.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parent / "demo.svg"
COLUMNS = 118
"""Longer lines are cut with an ellipsis."""
LINE, ADVANCE, MARGIN, TITLE = 17.0, 7.83, 18, 34
"""Height of a line, width of a character at 13 px, and the frame, in pixels."""
STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; }
.frame { fill: #f6f8fa; stroke: #d1d9e0; }
.chapter { font-weight: 600; fill: #0550ae; }
.true { fill: #116329; }
.false { fill: #cf222e; }
.read, .title { fill: #59636e; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .frame { fill: #0d1117; stroke: #3d444d; }
  .chapter { fill: #79c0ff; }
  .true { fill: #56d364; }
  .false { fill: #ff7b72; }
  .read, .title { fill: #9198a1; }
}
"""
KINDS = (
    (re.compile(r"^ *\d+\.\d s  "), "chapter"),
    (re.compile(r"^ *✓ "), "true"),
    (re.compile(r"^ *✗ "), "false"),
    (re.compile(r"^ *(Describe|List)[A-Z]\w+ "), "read"),
)


def main() -> int:
    """Run the demo and draw it; the demo's own exit status when it failed."""
    program = Path(sys.executable).with_name("yunqiao")
    played = subprocess.run([program, "demo"], capture_output=True, text=True, check=False)
    if played.returncode:
        sys.stderr.write(f"the demo failed, no picture of that:\n{played.stdout}{played.stderr}")
        return played.returncode
    PICTURE.write_text(draw(played.stdout), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE} ({PICTURE.stat().st_size} bytes)\n")
    return 0


def draw(text: str) -> str:
    """The SVG of a terminal that shows this text."""
    lines = [line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…" for line in text.strip("\n").splitlines()]
    width, height = round(2 * MARGIN + COLUMNS * ADVANCE), round(TITLE + MARGIN + len(lines) * LINE)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="What yunqiao demo prints">',
        f"<style>{STYLE}</style>",
        f'<rect class="frame" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="title" x="{MARGIN}" y="22">$ make demo</text>',
    ]
    return "\n".join([*head, *_drawn(lines), "</svg>\n"])


def _drawn(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.strip():
            kind = next((kind for pattern, kind in KINDS if pattern.match(line)), "")
            style = f' class="{kind}"' if kind else ""
            y = TITLE + (number + 1) * LINE - 4
            yield f'<text{style} x="{MARGIN}" y="{y:g}" xml:space="preserve">{escape(line)}</text>'


if __name__ == "__main__":
    sys.exit(main())
