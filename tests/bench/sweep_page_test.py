#!/usr/bin/env python3
"""Draws the page of a made-up sweep. SKIPPED without matplotlib."""

import base64
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import sample
from mpiferry_bench.measuring.sizes import show_size
from mpiferry_bench.sweep.files import NoPage, drawing_python

try:
    python = drawing_python()
except NoPage as error:
    print(f"SKIPPED: {error}")
    sys.exit(77)
if python != sys.executable:
    os.execv(python, [python, *sys.argv])

from mpiferry_bench.sweep.charts import DARK, LIGHT  # noqa: E402
from mpiferry_bench.sweep.page import page_text  # noqa: E402

VOID = {"meta", "br", "img", "source", "link", "input", "hr"}
DRAWING = r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]*)"


class Tags(HTMLParser):
    """Everything that is opened, with its attributes; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found, self._open = [], []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag, tag


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.text = page_text(sample.result())
        cls.tags = Tags(cls.text)
        cls.drawings = [base64.b64decode(text).decode() for text in re.findall(DRAWING, cls.text)]

    def test_it_refers_to_nothing_outside(self) -> None:
        self.assertNotRegex(re.sub(DRAWING, "", self.text), r"https?:|@import|<script|<link|<iframe|file:|//\w|url\(")
        for tag, attributes in self.tags.found:
            for name in ("src", "href", "srcset"):
                self.assertTrue(re.fullmatch(DRAWING, attributes.get(name) or "data:image/svg+xml;base64,"), (tag, name))
        for drawing in self.drawings:
            self.assertEqual(re.findall(r'<script|href="(?!#|data:)|url\((?!#)', drawing), [])

    def test_it_is_small(self) -> None:
        self.assertLess(len(self.text.encode()), 2_000_000)

    def test_every_drawing_is_well_formed(self) -> None:
        self.assertEqual(len(self.drawings), 2 * (1 + 4 + 4))  # light and dark; 4 rank counts
        for drawing in self.drawings:
            ElementTree.fromstring(drawing)
        for tag, attributes in self.tags.found:
            self.assertTrue(tag != "img" or attributes["alt"], attributes)

    def test_colours_are_the_pages(self) -> None:
        for name in re.findall(r"var\((--[\w-]+)\)", self.text):
            self.assertIn(f"{name}: ", self.text)
        dark, light = self.drawings[:2]
        for drawing, ink in ((light, LIGHT.ink), (dark, DARK.ink)):
            self.assertIn(ink, drawing)
            self.assertIn(f"--ink: {ink};", self.text)

    def test_the_heat_map_has_every_cell(self) -> None:
        words = re.findall(r"<text[^>]*>([^<]*)</text>", self.drawings[0])
        self.assertEqual(sum(word.startswith("window ") for word in words), 8 * 4)
        for chunk in sample.PLAN.chunks:
            self.assertIn(show_size(chunk), words)

    def test_the_table_has_every_case(self) -> None:
        table = self.text[self.text.index("All figures"):]
        self.assertEqual(table.count("<tr><td>"), len(sample.PLAN.cases()))

    def test_it_says_partial_only_if_it_is(self) -> None:
        self.assertNotIn("PARTIAL", self.text)
        partial = page_text(sample.result(missing=300))
        self.assertIn("<strong>PARTIAL</strong>300 runs are missing", partial)
        Tags(partial)

    def test_names_are_escaped(self) -> None:
        result = sample.result()
        result["context"]["machine"] = "<script>alert(1)</script>"
        self.assertNotIn("<script>", page_text(result))

    def test_a_single_job_makes_a_page(self) -> None:
        one = sample.Plan([1024], [2], [1], 1, 1 << 20, 100, 1 << 28)
        runs = {key: run for key, run in sample.runs(one).items() if key[0].startswith("scatter")}
        Tags(page_text(sample.make(one, runs, missing=0, context=sample.CONTEXT)))


if __name__ == "__main__":
    unittest.main()
