"""From a figure of matplotlib to SVG inside of a page: its colours and fonts are the page's.

Colours that must differ between a light and a dark page are drawn as near-black placeholders, and become
the page's variables here.
"""

from __future__ import annotations

import html
import io
import re

from matplotlib.figure import Figure

INK, MUTED, GRID, SPEED, TRANSPORT, WRITE, OTHERS = (f"#00000{n}" for n in range(1, 8))
VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", SPEED: "--speed", TRANSPORT: "--transport",
             WRITE: "--write", OTHERS: "--others"}


def inline(figure: Figure, name: str, label: str) -> str:
    """`name` keeps its ids apart from those of other figures; `label` is for those who cannot see it."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True,
                   metadata={"Creator": None, "Date": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", text)  # HTML knows what an <svg> is
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r'(font: (?:\w+ )?[\d.]+px )[^;"]*', r"\1var(--sans)", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', text).groups()
    head = f'<svg role="img" aria-label="{html.escape(label)}" style="min-width:{float(width):.0f}px"'
    text = re.sub(r'<svg height="[\d.]+pt"|<svg width="[\d.]+pt"', head, text, count=1)
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", text)
