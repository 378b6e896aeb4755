/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look of a report. Hues are those of Okabe and Ito, told apart with any
 * colour vision; their lightness differs too, for paper without colour.
 */
#include "ctl/page.h"

#define LIGHT                                                                  \
	"--paper:#fff;--ink:#1a1d21;--soft:#5b636d;--rule:#d5dae0;"            \
	"--grid:#e9ecf0;--card:#f5f7f9;--point:#0072b2;--own:#c24e00;"         \
	"--all:#007a59;--best:#6b7280;--cheap:#9fd0f0;--check:#e69f00;"        \
	"--dear:#1f4e79;--good:#00634a;--bad:#a33c00;--band:#0072b21f;"

#define DARK                                                                   \
	"--paper:#14171b;--ink:#e4e8ec;--soft:#9aa4af;--rule:#3a424b;"         \
	"--grid:#252b32;--card:#1c2127;--point:#5bb8f0;--own:#f0904a;"         \
	"--all:#4fc9a3;--best:#99a3ae;--cheap:#a9d8f5;--check:#e6a820;"        \
	"--dear:#3f7fb8;--good:#5fd3ae;--bad:#f5a26a;--band:#5bb8f02e;"

static const char text_style[] =
	":root{color-scheme:light dark;" LIGHT "}\n"
	"@media (prefers-color-scheme:dark){:root{" DARK "}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--paper);color:var(--ink);"
	"font:16px/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Liberation Sans\",Arial,sans-serif}\n"
	"main{max-width:54rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}\n"
	"h1{font-size:1.75rem;line-height:1.2;margin:0 0 .35rem}\n"
	"h2{font-size:1.2rem;line-height:1.3;margin:2.75rem 0 .5rem;"
	"padding-top:.75rem;border-top:1px solid var(--rule)}\n"
	"p,figure,figcaption,dl.facts{max-width:46rem}p{margin:.5rem 0}\n"
	".soft{color:var(--soft)}\n"
	".small{font-size:.875rem}\n"
	"bdi,code{overflow-wrap:anywhere}\n"
	"code{font:.9em ui-monospace,Menlo,Consolas,\"Liberation Mono\","
	"monospace}\n"
	".badges{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0 .75rem}\n"
	".badge{border:1.5px solid currentColor;border-radius:.3rem;"
	"padding:.1rem .55rem;font-weight:650;font-size:.875rem;"
	"letter-spacing:.02em}\n"
	".good{color:var(--good)}.bad{color:var(--bad)}\n"
	".verdict{font-size:1.15rem;line-height:1.45;font-weight:550}\n"
	".warning{border-left:4px solid var(--bad);background:var(--card);"
	"padding:.5rem .9rem}\n";

static const char table_style[] =
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,"
	"minmax(9.5rem,1fr));margin:1.25rem 0;padding:0;"
	"border:solid var(--rule);border-width:1px 0 0 1px}\n"
	".tiles div{padding:.7rem .9rem;border:solid var(--rule);"
	"border-width:0 1px 1px 0}\n"
	".tiles dt{font-size:.8125rem;color:var(--soft)}\n"
	".tiles dd{margin:0;font-size:1.5rem;line-height:1.3;font-weight:600;"
	"font-variant-numeric:tabular-nums}\n"
	".tiles dd+dd{font-size:.8125rem;font-weight:400;color:var(--soft)}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-size:.875rem;"
	"line-height:1.35;font-variant-numeric:tabular-nums;margin:.75rem 0}\n"
	"caption{text-align:left;color:var(--soft);padding-bottom:.35rem}\n"
	"th,td{text-align:right;padding:.3rem .5rem;vertical-align:baseline;"
	"border-bottom:1px solid var(--grid);font-weight:400}\n"
	"thead th{color:var(--soft);vertical-align:bottom;"
	"border-bottom:1px solid var(--rule)}\n"
	"th:first-child,td:first-child{text-align:left;padding-left:0}\n"
	"td.plot{width:14rem;padding:0 .25rem;vertical-align:middle}\n"
	"th.plot{width:14rem;padding:0 .25rem}\n"
	"tr.us th,tr.us td{font-weight:650}\n"
	"tbody th,#signals td{white-space:nowrap}\n"
	"td small{color:var(--soft);white-space:nowrap;font-weight:400}\n"
	"dl.facts{display:grid;grid-template-columns:max-content 1fr;"
	"gap:.25rem 1rem;font-size:.875rem}\n"
	".facts dt{color:var(--soft)}.facts dd{margin:0;"
	"overflow-wrap:anywhere}\n"
	"figure{margin:1rem 0 .5rem}\n"
	"figcaption{font-size:.875rem;color:var(--soft);margin-top:.25rem}\n"
	"summary{cursor:pointer;font-size:.875rem;color:var(--soft)}\n";

static const char figure_style[] =
	"svg{display:block;width:100%;height:auto;"
	"font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,"
	"\"Liberation Sans\",Arial,sans-serif}\n"
	"@media (max-width:40rem){figure{overflow-x:auto}"
	"figure svg{min-width:36rem}}\n"
	"svg text{fill:var(--ink);font-variant-numeric:tabular-nums}\n"
	"svg .tick{fill:var(--soft);font-size:11.5px}\n"
	"svg .axis{fill:var(--soft)}\n"
	"svg .label,svg .strong{paint-order:stroke;stroke:var(--paper);"
	"stroke-width:3px;stroke-linejoin:round}\n"
	"svg .strong{font-weight:650}\n"
	".grid{stroke:var(--grid);fill:none}\n"
	".frame{stroke:var(--soft);fill:none}\n"
	".chance{stroke:var(--soft);stroke-dasharray:2 2}\n"
	".line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
	".line.staged{stroke:var(--point);stroke-width:2.6}\n"
	".line.own{stroke:var(--own);stroke-dasharray:8 4}\n"
	".line.all{stroke:var(--all);stroke-dasharray:9 3 2 3}\n"
	".line.best{stroke:var(--best);stroke-dasharray:1.5 3.5;"
	"stroke-linecap:round}\n"
	".line.lot{stroke:var(--best);stroke-width:1}\n"
	".line.promise{stroke:var(--ink);stroke-width:1.2;"
	"stroke-dasharray:5 3}\n"
	".leader{stroke:var(--soft);stroke-width:.8}\n"
	".band{fill:var(--band);stroke:none}\n"
	".mark{stroke:var(--paper);stroke-width:1.2}\n"
	".mark.point{fill:var(--point)}.mark.own{fill:var(--own)}\n"
	".mark.all{fill:var(--all)}.mark.naive{fill:var(--ink)}\n"
	".mark.fitted{fill:var(--paper);stroke:var(--point);stroke-width:2}\n"
	".mark.best{fill:var(--best)}\n"
	".mark.ring{fill:var(--paper);stroke:var(--ink);stroke-width:2}\n"
	".whisker{stroke:var(--soft);stroke-width:1.2;fill:none}\n"
	".whisker.point{stroke:var(--point);stroke-width:1.8}\n"
	".bar.cheap{fill:var(--cheap)}.bar.check{fill:var(--check)}\n"
	".bar.expensive{fill:var(--dear)}.bar.rows{fill:var(--best)}\n"
	".bar.hatch{fill:url(#hatch)}\n"
	".swatch{stroke-width:11}.swatch.cheap{stroke:var(--cheap)}\n"
	".swatch.check{stroke:var(--check)}\n"
	".swatch.expensive{stroke:var(--dear)}\n"
	".hatch-line{stroke:var(--ink);stroke-width:1.1}\n"
	".bar{stroke:var(--paper);stroke-width:1}.bar.hatch{stroke:none}\n";

static const char print_style[] =
	"@media print{:root{color-scheme:light;" LIGHT "}\n"
	"@page{size:A4;margin:16mm 15mm}\n"
	"body{font-size:10.5pt;print-color-adjust:exact;"
	"-webkit-print-color-adjust:exact}\n"
	"main{max-width:none;padding:0}\n"
	"h2{break-after:avoid;margin-top:1.5rem}\n"
	"figure,.tiles,.warning,tr{break-inside:avoid}\n"
	".verdict{font-size:1.1rem}h1{font-size:1.5rem}h2{font-size:1.1rem}\n"
	"table{font-size:8.5pt}figure svg{max-width:136mm}th,td{padding:.15rem "
	".4rem}\n"
	".tiles div{padding:.4rem .7rem}\n"
	"details{display:none}.wide{overflow:visible}}\n";

void page_style(struct buf *out)
{
	buf_adds(out, text_style);
	buf_adds(out, table_style);
	buf_adds(out, figure_style);
	buf_adds(out, print_style);
}
