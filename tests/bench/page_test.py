#!/usr/bin/env python3
"""The page of a made-up sweep. SKIPPED without matplotlib."""

import os
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import sample
from mpiferry_bench.measuring.sizes import show_size
from mpiferry_bench.sweep.files import NoPage, drawing_python

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Tags(HTMLParser):
    """Everything that is opened, with its attributes; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found, self.ids, self._open = [], [], []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag, tag


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        from mpiferry_bench.sweep.page import page_text
        cls.page_text = staticmethod(page_text)
        cls.text = page_text(sample.result())
        cls.tags = Tags(cls.text)

    def test_it_refers_to_nothing_outside(self) -> None:
        self.assertNotRegex(self.text, r"https?:|@import|<script|<link|<img|<iframe|file:|//\w")
        for tag, attributes in self.tags.found:
            for name in ("src", "href", "xlink:href"):
                self.assertTrue((attributes.get(name) or "#").startswith("#"), (tag, attributes))
        for target in re.findall(r"url\(([^)]*)\)", self.text):
            self.assertTrue(target.startswith("#"), target)

    def test_ids_are_unique_and_references_resolve(self) -> None:
        self.assertEqual(len(self.tags.ids), len(set(self.tags.ids)))
        targets = set(re.findall(r'(?:href="|url\()#([^")]+)', self.text))
        self.assertEqual(targets - set(self.tags.ids), set())
        self.assertGreater(len(targets), 0)

    def test_it_is_small(self) -> None:
        self.assertLess(len(self.text.encode()), 2_000_000)

    def test_every_drawing_is_well_formed(self) -> None:
        drawings = re.findall(r"<svg.*?</svg>", self.text, re.DOTALL)
        self.assertEqual(sum('role="img"' in drawing for drawing in drawings), 2 + 4 + 4)  # heat, bar; 4 rank counts
        for drawing in drawings:
            ElementTree.fromstring(drawing)

    def test_colours_are_the_pages(self) -> None:
        self.assertNotRegex(self.text, r"#00000[1-7]\b")
        for name in re.findall(r"var\((--[\w-]+)\)", self.text):
            self.assertIn(f"{name}:", self.text)

    def test_the_heat_map_has_every_cell(self) -> None:
        heat = re.search(r'<svg role="img" aria-label="Heat map of GB/s over chunk size and ranks.*?</svg>', self.text,
                         re.DOTALL)[0]
        words = re.findall(r"<text[^>]*>([^<]*)</text>", heat)
        self.assertEqual(sum(word.startswith("window ") for word in words), 8 * 4)
        for chunk in sample.PLAN.chunks:
            self.assertIn(show_size(chunk), words)

    def test_the_table_has_every_case(self) -> None:
        table = self.text[self.text.index("All figures"):]
        self.assertEqual(table.count("<tr><td>"), len(sample.PLAN.cases()))

    def test_it_says_partial_only_if_it_is(self) -> None:
        self.assertNotIn("PARTIAL", self.text)
        partial = self.page_text(sample.result(missing=300))
        self.assertIn("<strong>PARTIAL</strong>300 runs are missing", partial)
        Tags(partial)

    def test_names_are_escaped(self) -> None:
        result = sample.result()
        result["context"]["machine"] = "<script>alert(1)</script>"
        self.assertNotIn("<script>", self.page_text(result))

    def test_a_single_job_makes_a_page(self) -> None:
        one = sample.Plan([1024], [2], [1], 1, 1 << 20, 100, 1 << 28)
        runs = {key: run for key, run in sample.runs(one).items() if key[0].startswith("scatter")}
        Tags(self.page_text(sample.make(one, runs, missing=0, context=sample.CONTEXT)))


def main() -> None:
    try:
        python = drawing_python()
    except NoPage as error:
        print(f"SKIPPED: {error}")
        sys.exit(77)
    if Path(python).resolve() != Path(sys.executable).resolve():
        os.execv(python, [python, __file__])
    unittest.main()


if __name__ == "__main__":
    main()
