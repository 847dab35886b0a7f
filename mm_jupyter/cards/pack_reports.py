"""The page of a pack for people: one HTML file, without script or network, light and dark as the reader's system is."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.environment_views import environment_view
from mm_jupyter.cards.markup import page, pre, text
from mm_jupyter.cards.pack_view import facts_html, input_rows, left_out_rows, rule_rows
from mm_jupyter.cards.recipe_views import recipe_view
from mm_jupyter.cards.run_pages import run_page
from mm_jupyter.cards.verdict_cards import verdict_card
from mm_jupyter.records import (
    BlobDigest,
    Judgement,
    Output,
    Pack,
    PackedRecord,
    PackedRule,
    PackManifest,
    Recipe,
)

Read = Callable[[BlobDigest], bytes]

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_IMAGE_BYTES = 4 * 1024**2
_TEXT = 8_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SHEET = """
:root{color-scheme:light dark;--bg:#f6f7f8;--card:#fff;--ink:#1f2328}
@media (prefers-color-scheme:dark){:root{--bg:#16181c;--card:#1e2126;--ink:#e3e6ea}}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/21px system-ui,sans-serif;
--jp-layout-color1:var(--card);--jp-ui-font-color0:var(--ink);--jp-ui-font-color1:var(--ink);
--jp-code-font-family:ui-monospace,Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){body{--jp-success-color1:#66bb6a;--jp-warn-color0:#ffa726;--jp-error-color1:#ef7070}}
main{max-width:880px;margin:0 auto;padding:36px 20px 64px}
h1{font-size:24px;line-height:30px;font-weight:650;margin:0 0 4px}
h2{font-size:13px;line-height:18px;font-weight:600;margin:30px 0 8px}
p{margin:0 0 6px}
.q{color:color-mix(in srgb,var(--ink) 64%,transparent)}
code{font:12.5px/19px ui-monospace,Menlo,Consolas,monospace}
.mm-o{margin:0 0 10px!important}
.mm-c{border-radius:6px!important;overflow:hidden}
img{max-width:100%;height:auto;background:#fff;border-radius:3px;display:block}
"""

_HOW = (
    "<p>Is it whole, and does it reproduce? <code>pip install mm_jupyter</code>, then "
    "<code>mm verify {file}</code> checks every byte and runs nothing; "
    "<code>mm verify {file} --run</code> replays it.</p>"
)


def pack_report(
    manifest: PackManifest,
    record: PackedRecord,
    verdicts: Sequence[Judgement],
    rules: Sequence[PackedRule],
    recipe: Recipe,
    read: Read,
) -> str:
    """The whole page: verdicts, the run, its outputs, its recipe, its files, its environment."""
    run = record.run
    file = f"{run.row.ref.experiment}-{run.row.ref.version}.mm.zip"
    parts = [
        f"<h1>{escape(str(run.row.ref))}</h1>",
        f'<p class="q">Recorded {numbers.exact(run.row.started)}, packed by mm_jupyter {escape(manifest.product)}.</p>',
        _HOW.format(file=escape(file)),
        _part("Verdicts", _verdicts(verdicts)),
        _part("The run", run_page(run).html),
        _part("Outputs", _outputs(run.outputs, read)),
        _part("Recipe", recipe_view(recipe).html),
        _part("Files", _files(manifest, record)),
    ]
    if rules:
        about = "differences that these cover count as equivalent"
        parts.append(_part("Noise rules", facts_html("Noise rules", rule_rows(rules), about)))
    if run.environment is not None:
        shown = environment_view(str(run.row.ref), run.environment).html
        parts.append(_part("Environment", shown))
    return _document(str(run.row.ref), "".join(parts))


def replay_report(pack: Pack, judgement: Judgement) -> str:
    """What a replay of a pack said, as a page of its own."""
    name = pack.path.rpartition("/")[2]
    where = (
        f"{name} was whole ({pack.seal}) and was replayed here {numbers.exact(judgement.at)}, "
        f"{judgement.environment} environment."
    )
    parts = [
        f"<h1>{escape(str(judgement.run))}: {escape(judgement.verdict)}</h1>",
        f'<p class="q">{escape(where)}</p>',
        _part("This replay", verdict_card(judgement).html),
        _part("Verdicts that were packed with it", _verdicts(pack.verdicts)),
        _part("The run", run_page(pack.record.run).html),
        _part("Files", _files(pack.manifest, pack.record)),
    ]
    return _document(str(judgement.run), "".join(parts))


def _document(title: str, body: str) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    sheet = "".join(line.strip() for line in _SHEET.splitlines())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{sheet}</style></head>\n<body><main>{body}</main></body></html>\n"
    )


def _part(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}\n" if content else ""


def _verdicts(verdicts: Sequence[Judgement]) -> str:
    if not verdicts:
        return '<p class="q">None: its author has not replayed it.</p>'
    return "".join(verdict_card(one).html for one in reversed(verdicts[-3:]))


def _outputs(outputs: Sequence[Output], read: Read) -> str:
    shown = "".join(_output(one, read) for one in outputs)
    return page(shown) if shown else ""


def _output(output: Output, read: Read) -> str:
    """An image, else the text. HTML of the cell is not shown: this page runs and loads nothing."""
    title = output.name or output.kind.replace("_", " ")
    for kind in _IMAGES:
        blob = output.data.get(kind)
        if blob is not None:
            data = read(blob)
            if len(data) <= _IMAGE_BYTES:
                source = base64.b64encode(data).decode()
                return _titled(title, f'<img alt="" src="data:{kind};base64,{source}">')
    plain = output.data.get("text/plain")
    if plain is None:
        return ""
    said = _ANSI.sub("", read(plain).decode("utf-8", "replace"))
    return _titled(title, pre(said, _TEXT)) if said.strip() else ""


def _titled(title: str, content: str) -> str:
    return f'<div class="sec">{text(title, "q s")}{content}</div>'


def _files(manifest: PackManifest, record: PackedRecord) -> str:
    inputs = input_rows(manifest, record, hint=False)
    left = left_out_rows(manifest)
    parts = facts_html("Inputs", inputs) if inputs else ""
    return parts + (facts_html("Left out", left) if left else "")
