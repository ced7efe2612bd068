"""Style sheet of the report: light, narrow and wide, printable."""

from __future__ import annotations

from shapmix_mm.visualization.style import GROUP_COLOURS

__all__ = ['STYLE']

_COLOURS = '\n'.join(
    f'.{name} {{ border-top-color: {colour}; }}'
    for name, colour in GROUP_COLOURS.items()
)

STYLE = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{
  margin: 0; background: #fff; color: #1c1c1c;
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}}
main, header, nav {{ max-width: 1320px; margin: 0 auto; padding: 0 20px; }}
header {{ padding-top: 24px; }}
h1 {{ font-size: 26px; line-height: 1.25; margin: 0 0 4px;
  overflow-wrap: anywhere; }}
h2 {{ font-size: 19px; display: inline; }}
h3 {{ font-size: 15px; margin: 18px 0 6px; }}
p {{ margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere; }}
a {{ color: #00538a; }}
nav ul {{ display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0;
  margin: 14px 0; list-style: none; }}
details {{ border-top: 1px solid #d5d5d5; padding: 12px 0 18px; }}
details details {{ border: 0; padding: 4px 0; }}
summary {{ cursor: pointer; padding: 2px 0; }}
.facts {{ color: #555; }}
.notice {{ background: #fff4e5; border-left: 4px solid #d55e00;
  padding: 8px 12px; margin: 10px 0; max-width: none; }}
.cards {{ display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }}
.card {{ border: 1px solid #d5d5d5; border-top: 4px solid #444;
  border-radius: 4px; padding: 8px 14px; min-width: 108px; flex: 0 1 auto; }}
.card b {{ display: block; font-size: 24px; line-height: 1.2;
  font-variant-numeric: tabular-nums; }}
.card span {{ color: #555; font-size: 13px; }}
{_COLOURS}
.scroll {{ overflow-x: auto; max-width: 100%; }}
table {{ border-collapse: collapse; margin: 8px 0; font-size: 14px; }}
th, td {{ padding: 4px 12px 4px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e4e4e4; }}
thead th {{ border-bottom: 2px solid #888; white-space: nowrap; }}
td.number, th.number {{ text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }}
td.code {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace;
  font-size: 12.5px; overflow-wrap: anywhere; min-width: 9em; }}
.figures {{ display: flex; flex-wrap: wrap; gap: 12px 24px;
  align-items: flex-start; }}
figure {{ margin: 8px 0; max-width: 100%; }}
.figures figure {{ max-width: min(100%, 620px); }}
figcaption {{ color: #555; font-size: 13px; max-width: 80ch; }}
img {{ display: block; height: auto; }}
footer {{ max-width: 1320px; margin: 12px auto 32px; padding: 0 20px;
  color: #555; font-size: 13px; }}
@media (max-width: 600px) {{
  main, header, nav, footer {{ padding-left: 12px; padding-right: 12px; }}
  h1 {{ font-size: 20px; }}
  .cards {{ gap: 8px; }}
  .card {{ min-width: 0; flex: 1 1 28%; padding: 6px 8px; }}
  .card b {{ font-size: 19px; }}
  .stacks thead {{ display: none; }}
  .stacks tr {{ display: block; padding: 6px 0;
    border-bottom: 1px solid #d5d5d5; }}
  .stacks td {{ display: block; border: 0; padding: 1px 0; }}
  .stacks td:first-child {{ font-weight: 600; }}
  .stacks td:not(:first-child)::before {{ content: attr(data-column) ": ";
    color: #555; font-family: system-ui, "DejaVu Sans", sans-serif; }}
}}
@media print {{
  body {{ font-size: 11px; }}
  nav {{ display: none; }}
  summary {{ break-after: avoid; }}
  details::details-content {{ content-visibility: visible;
    height: auto; display: block; }}
  .scroll {{ overflow: visible; }}
  img {{ max-width: 100% !important; }}
  figure, tr, .card {{ break-inside: avoid; }}
}}
"""
