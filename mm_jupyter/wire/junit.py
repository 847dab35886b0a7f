"""Judgements of notebooks as JUnit XML: a suite for each notebook, a case for each cell that ran."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from mm_jupyter.records import CellJudgement, NotebookJudgement

_GOOD = ("identical", "equivalent")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(judgements: Sequence[NotebookJudgement]) -> str:
    """What CI systems read. A cell that differs is a failure, one that was not reached an error, one with nothing to
    compare is skipped."""
    root = ET.Element("testsuites", name="mm verify")
    for judged in judgements:
        root.append(_suite(judged))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(judged: NotebookJudgement) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(judged.notebook), time=f"{judged.seconds:.3f}")
    counts = {"failure": 0, "error": 0, "skipped": 0}
    cells = [cell for cell in judged.cells if cell.count is not None]
    for cell in cells:
        name = _text(f"[{cell.count}] {cell.line}")
        case = ET.SubElement(suite, "testcase", name=name, classname=_text(judged.notebook))
        outcome = _outcome(cell)
        if outcome is not None:
            counts[outcome] += 1
            ET.SubElement(case, outcome, message=_text(cell.said), type=cell.verdict).text = _text(
                _items(cell)
            )
    suite.set("tests", str(len(cells)))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    return suite


def _outcome(cell: CellJudgement) -> str | None:
    if cell.verdict in _GOOD:
        return None
    return {"failed": "error", "unverifiable": "skipped"}.get(cell.verdict, "failure")


def _items(cell: CellJudgement) -> str:
    differ = [item for item in cell.items if item.verdict not in _GOOD]
    return "\n".join(
        f"{item.verdict} {item.kind} {item.name}: {item.why or f'{item.recorded} -> {item.replayed}'}"
        for item in differ
    )


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
