"""The cards' style sheet: inlined in every card, so that the saved file needs nothing else.

Colours are JupyterLab's variables where they exist. Elsewhere they are mixed from the page's own ink (currentColor),
so that a card fits a light and a dark page alike: a forge's theme need not be the system's, which is all that
``prefers-color-scheme`` knows. color-mix and container queries are in every browser since 2023.
"""

from __future__ import annotations


def _pack(sheet: str) -> str:
    """One rule a line, without what only people need: it is written into every output."""
    return "".join(line.strip() for line in sheet.splitlines())


SLIM = _pack("""
.mm-o.mm-o{container-type:inline-size;margin:4px 0}
.mm-c{
--i0:var(--jp-ui-font-color0,currentColor);--q:color-mix(in srgb,var(--i0) 64%,transparent);
--ln:var(--jp-border-color2,color-mix(in srgb,currentColor 18%,transparent));
--ok:var(--jp-success-color1,#388e3c);--wa:var(--jp-warn-color0,#e65100);--no:var(--jp-error-color1,#d32f2f);
--ti:color-mix(in srgb,var(--i0) 6%,transparent);
box-sizing:border-box;border:1px solid var(--ln);border-radius:2px;background:var(--jp-layout-color1,transparent);
color:var(--jp-ui-font-color1,inherit);text-align:left;font:13px/18px var(--jp-ui-font-family,system-ui,sans-serif);
font-variant-numeric:tabular-nums}
.mm-c b{font-weight:600}
.mm-c .q{color:var(--q)}
.mm-c .s{font-size:11px;line-height:16px}
.mm-c .m{font-family:var(--jp-code-font-family,monospace);font-size:11.5px}
.mm-c .el{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.mm-c .up{color:color-mix(in srgb,var(--ok) 70%,var(--i0))}
.mm-c .dn{color:color-mix(in srgb,var(--no) 76%,var(--i0))}
.mm-c svg{width:16px;height:16px;flex:none;display:inline-block;vertical-align:-3px}
.mm-c .ks{stroke:var(--jp-layout-color1,#fff);fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.mm-c .v{display:inline-flex;vertical-align:middle;align-items:center;gap:5px;white-space:nowrap;flex:none}
.mm-c .ok svg{color:var(--ok)}
.mm-c .wa svg{color:var(--wa)}
.mm-c .no svg{color:var(--no)}
.mm-c .na svg{color:var(--q)}
.mm-c .ch{display:inline-flex;align-items:baseline;gap:4px;max-width:100%;min-width:0;box-sizing:border-box;
padding:0 5px;border-radius:2px;background:var(--ti);font-size:11px;line-height:16px;white-space:nowrap;overflow:hidden}
.mm-c .ch .cn{color:var(--q);min-width:2.4em;flex:0 99 auto}
.mm-c .ch b{font-weight:400;flex:0 1 auto}
.mm-c .ch i{font-style:normal;color:var(--q)}
.mm-c .ch i.el{flex:0 9999 auto}
.mm-c.sl{display:flex;align-items:center;gap:14px;height:36px;padding:0 10px;white-space:nowrap;overflow:hidden}
.mm-c.sl>.n{display:flex;flex:0 1 auto;min-width:0;max-width:30cqi}
.mm-c .n>.el{min-width:2em}
.mm-c.sl>.mx{display:flex;align-items:baseline;gap:6px;flex:0 1 auto;min-width:0}
.mm-c.sl>.mx>:not(.el){flex:none}
.mm-c.sl>.mx>.el{max-width:20cqi}
.mm-c.sl>.er{flex:0 999 auto}
.mm-c.sl>.cg,.mm-c.sl>.fs{display:flex;flex-wrap:wrap;align-items:center;align-content:flex-start;height:34px;
padding-top:9px;box-sizing:border-box;overflow:hidden;min-width:0}
.mm-c.sl>.cg::before,.mm-c.sl>.fs::before{content:"";height:16px}
.mm-c.sl>.cg{gap:34px 8px;flex:0 999 auto;margin-left:-8px}
.mm-c.sl>.fs{gap:34px 14px;flex:1 1 0;justify-content:flex-end}
.mm-c.sl>.cg .ch{min-width:52px;max-width:calc(100% - 8px)}
.mm-c.sl>.fs .m{font-size:11px;line-height:16px}
.mm-c.sl .md{display:inline-flex;align-items:center;gap:4px}
.mm-c.sl .md svg{width:12px;height:12px;color:var(--q)}
@container (max-width:960px){.mm-c.sl .d1{display:none}}
@container (max-width:600px){.mm-c.sl .d2,.mm-c.sl>.er~.cg{display:none}}
@container (max-width:440px){.mm-c.sl .ch i,.mm-c.sl>.fs{display:none}.mm-c.sl{gap:10px}.mm-c.sl>.cg{flex:1 1 0}}
@container (max-width:360px){.mm-c.sl .v>span{display:none}.mm-c.sl{gap:8px}}
""")

PAGE = SLIM + _pack("""
.mm-c .hd{display:flex;align-items:center;gap:10px;padding:9px 12px;border-bottom:1px solid var(--ln)}
.mm-c .hd>.t{flex:1 1 0;min-width:60%;overflow-wrap:anywhere}
.mm-c .hd>.s{flex:none;white-space:nowrap}
.mm-c .lg svg{width:22px;height:22px}
.mm-c .two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.mm-c .two>div{padding:6px 12px 10px}
.mm-c .two>div+div{border-left:1px solid var(--ln)}
.mm-c .one>div{padding:6px 12px 10px}
.mm-c .cs{display:grid;grid-template-columns:18px minmax(0,1fr);gap:0 6px;padding:6px 0;overflow-wrap:anywhere}
.mm-c .cs+.cs{border-top:1px solid var(--ln)}
.mm-c .it{display:grid;grid-template-columns:16px minmax(0,1fr) minmax(0,auto);gap:0 8px;line-height:22px;
align-items:center}
.mm-c .it svg{width:13px;height:13px}
.mm-c .sec{padding:8px 12px 10px}
.mm-c .sec+.sec,.mm-c .hd+.meta+.sec{border-top:1px solid var(--ln)}
.mm-c .h{margin-bottom:4px}
.mm-c .h b{margin-right:4px}
.mm-o.mm-o pre{margin:0;padding:6px 8px;border:1px solid var(--ln);border-radius:2px;overflow:auto;max-height:420px;
background:none;color:inherit;font:12px/17px var(--jp-code-font-family,monospace);white-space:pre}
.mm-c summary{cursor:pointer;color:var(--q);font-size:11px;line-height:20px}
.mm-o.mm-o .tw{overflow-x:auto}
.mm-o.mm-o table{border-collapse:collapse;border:0;margin:0;font-size:13px;table-layout:auto;color:inherit}
.mm-o.mm-o table.wide{width:100%}
.mm-o.mm-o tbody tr:nth-child(n){background:none}
.mm-o.mm-o td,.mm-o.mm-o th{border:0;padding:2px 14px 2px 0;text-align:left;vertical-align:baseline;font-weight:400;
line-height:18px;white-space:nowrap;max-width:none;background:none}
.mm-o.mm-o .num{text-align:right}
.mm-o.mm-o th{color:var(--q);font-size:11px;font-weight:400}
.mm-o.mm-o .ls td,.mm-o.mm-o .ls th{padding:5px 10px 5px 0;vertical-align:middle}
.mm-o.mm-o .ls tr+tr td,.mm-o.mm-o .ls thead+tbody td{border-top:1px solid var(--ln)}
.mm-o.mm-o .ls td:first-child,.mm-o.mm-o .ls th:first-child{padding-left:12px}
.mm-c .ls .n{display:inline-flex;max-width:20cqi}
.mm-c .ls .ch{max-width:25cqi}
.mm-c .ls span.el{display:inline-block;max-width:13cqi;vertical-align:middle}
.mm-c .ls .n>.el,.mm-c .ls .ch .el{max-width:none}
.mm-o.mm-o .df{display:block;font:12px/17px var(--jp-code-font-family,monospace);white-space:pre;padding:0 8px}
.mm-o.mm-o .df.a{background:color-mix(in srgb,var(--ok) 14%,transparent)}
.mm-o.mm-o .df.d{background:color-mix(in srgb,var(--no) 12%,transparent)}
.mm-c .bx{border:1px solid var(--ln);border-radius:2px;padding:3px 0;overflow-x:auto}
.mm-o.mm-o .ls td:last-child{padding-right:12px}
.mm-c .ft{padding:6px 12px;border-top:1px solid var(--ln)}
@container (max-width:560px){.mm-c .two{grid-template-columns:minmax(0,1fr)}
.mm-c .two>div+div{border-left:0;border-top:1px solid var(--ln)}.mm-c .hd{flex-wrap:wrap}
.mm-o.mm-o .ls thead,.mm-o.mm-o .ls .w3,.mm-c .ls .ch i{display:none}.mm-o.mm-o .ls td{padding-right:5px}}
@container (max-width:860px){.mm-o.mm-o .ls .w1{display:none}}
@container (max-width:740px){.mm-o.mm-o .ls thead,.mm-o.mm-o .ls .w3,.mm-o.mm-o .ls .w2{display:none}}
@container (max-width:520px){.mm-c .ls .v>span{display:none}}
@container (max-width:360px){.mm-c .ls .mo,.mm-c .ls .ch .cn{display:none}.mm-c .ls .ch{max-width:15cqi}
.mm-o.mm-o .ls td{padding-right:3px}.mm-o.mm-o .ls td:first-child{padding-left:4px}
.mm-o.mm-o .ls td:last-child{padding-right:6px}}
""")
