// relreason/report/report_page.hpp -- the style and the script of the report's page; nothing here is computed.
#pragma once

namespace relreason::report::detail {

inline constexpr const char* page_style = R"css(
:root { --page: #fbfbfa; --card: #ffffff; --ink: #1d2127; --soft: #5b636e; --line: #e2e4e8; --fill: #eef0f3; --focus: #1f5fd0;
  --s0: #2563c9; --s1: #b8560f; --s2: #1c7a4d; --s3: #7d3fb5; --right: #1c7a4d; --wrong: #bb2d2d; --hit: 37, 99, 201; --miss: 187, 45, 45;
  --pair: #f59300; color-scheme: light; }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { DARK } }
:root[data-theme="dark"] { DARK }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; display: flex; gap: 24px; align-items: flex-start; justify-content: space-between; }
h1 { font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; margin: 0 0 6px; }
h2 { font-size: 19px; font-weight: 640; letter-spacing: -.01em; margin: 0 0 4px; }
h3 { font-size: 15px; font-weight: 620; margin: 0 0 8px; }
p { margin: 0 0 12px; }
.soft, .note { color: var(--soft); }
.note { font-size: 13.5px; margin-bottom: 16px; max-width: 72ch; }
section { margin-top: 48px; }
table, .facts dd, .read, .big { font-variant-numeric: tabular-nums; }
button, select { font: inherit; font-size: 14px; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: 4px 12px; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--soft); }
button[aria-pressed="true"] { background: var(--ink); color: var(--page); border-color: var(--ink); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
nav a { color: var(--soft); text-decoration: none; font-size: 14px; }
nav a:hover { color: var(--ink); text-decoration: underline; }
nav { margin-top: 14px; display: flex; flex-wrap: wrap; gap: 4px 18px; }
.theme { flex: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; min-width: 0; }
.headlines { display: flex; flex-wrap: wrap; gap: 12px 44px; margin-top: 28px; }
.big { font-size: 34px; line-height: 1.15; font-weight: 620; letter-spacing: -.02em; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 10px 28px; margin: 28px 0 0; padding-top: 20px; border-top: 1px solid var(--line); }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 0; overflow-wrap: anywhere; font-size: 14px; }
.charts, .tables { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px; align-items: start; }
.tables { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.chart svg { display: block; width: 100%; height: auto; touch-action: pan-y; }
.chart text { fill: var(--soft); font-size: 12px; } .heat text { fill: var(--soft); font-size: 11.5px; }
.grid { stroke: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; color: var(--soft); margin-bottom: 8px; }
.legend i { display: inline-block; width: 16px; height: 0; border-top: 2.5px solid; margin-right: 6px; vertical-align: 4px; }
.legend i.dashed { border-top-style: dashed; border-top-width: 2px; }
.read { min-height: 20px; font-size: 13px; color: var(--ink); margin-top: 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; }
thead th { color: var(--soft); font-size: 13px; line-height: 1.3; border-bottom: 1px solid var(--line); vertical-align: bottom; }
td, th { padding: 4px 14px 4px 0; white-space: nowrap; }
td.long { white-space: normal; min-width: 260px; }
.tables thead th { white-space: normal; }
td:last-child, th:last-child { padding-right: 0; }
.count { text-align: right; color: var(--soft); }
.share { display: grid; grid-template-columns: 54px minmax(34px, 1fr); align-items: center; gap: 6px; min-width: 94px; }
.number { pointer-events: none; }
.bar { height: 7px; border-radius: 4px; background: var(--fill); overflow: hidden; }
.bar b { display: block; height: 100%; border-radius: 4px; }
.confusion { display: grid; grid-template-columns: minmax(0, 1fr) 260px; gap: 32px; }
.heat { display: block; width: 100%; max-width: var(--own); height: auto; }
.heat .frame { fill: none; stroke: var(--soft); stroke-opacity: .45; }
.heat .mark { fill: none; stroke: var(--ink); stroke-width: 1.6; }
.mistakes { list-style: none; margin: 0; padding: 0; font-size: 14px; }
.mistakes li { display: flex; justify-content: space-between; gap: 12px; padding: 4px 0; border-bottom: 1px solid var(--line); }
.filters { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 16px; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px; }
.sample { padding: 0; overflow: hidden; display: flex; flex-direction: column; }
.sample[hidden] { display: none; }
.sample .body { padding: 12px 16px 14px; display: flex; flex-direction: column; gap: 8px; flex: 1; }
.sample h3 { font-weight: 560; margin: 0; line-height: 1.4; overflow-wrap: anywhere; }
.scene { display: block; width: 100%; height: auto; }
.picture { aspect-ratio: 3 / 2; }
.pair { stroke: var(--pair); fill: none; stroke-linecap: round; transition: stroke-opacity .12s; }
.scene.choosing .pair { stroke-opacity: .06; }
.scene .pair.chosen { stroke-opacity: 1; }
.no-pairs .pairs { display: none; }
.number circle { fill: #fff; fill-opacity: .9; stroke: #0003; }
.number text { font: 600 10.5px system-ui, sans-serif; text-anchor: middle; fill: #1d2127; }
.verdict { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; font-size: 14px; }
.verdict b { font-weight: 640; }
.tag { font-size: 12px; font-weight: 640; border-radius: 5px; padding: 1px 7px; color: #fff; }
.tag.right { background: var(--right); } .tag.wrong { background: var(--wrong); }
.type { font-size: 12.5px; }
.top { display: grid; grid-template-columns: auto 1fr 46px; gap: 1px 10px; align-items: center; font-size: 13px; }
.top span:nth-child(3n) { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
.top .answer { font-weight: 650; }
section > .card + .card, details { margin-top: 16px; }
details { font-size: 13px; } summary { cursor: pointer; color: var(--soft); }
.pair-list { font-size: 13px; margin-top: auto; padding-top: 4px; }
.pair-list ol { list-style: none; margin: 2px -4px 0; padding: 0; }
.pair-list li > :last-child, .mistakes li > :last-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
.pair-list li { display: flex; justify-content: space-between; gap: 10px; padding: 2px 4px; border-radius: 4px; }
.pair-list li:hover, .pair-list li:focus { background: var(--fill); }
.graph { display: block; margin: 0 auto; max-width: max(100%, 800px); height: auto; }
.graph rect { fill: var(--card); stroke: var(--soft); } .graph .input rect { fill: var(--fill); stroke: var(--line); }
.graph .loss rect { stroke: var(--s1); stroke-width: 1.6; } .graph path { fill: none; stroke: var(--soft); stroke-opacity: .6; stroke-width: 1.3; }
.graph marker path { fill: var(--soft); stroke: none; }
.graph text { fill: var(--ink); font-size: 12px; } .graph .name { font-weight: 650; font-size: 13.5px; } .graph .dim { fill: var(--soft); font-size: 11.5px; }
pre { overflow-x: auto; font: 12.5px/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; margin: 8px 0 0; }
footer { margin-top: 56px; padding-bottom: 40px; color: var(--soft); font-size: 13px; }
.hidden { position: absolute; } .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 820px) { .confusion { grid-template-columns: minmax(0, 1fr); } #heat { overflow-x: auto; } .heat { min-width: min(560px, var(--own)); } }
@media (max-width: 560px) { main, header, footer { padding-left: 14px; padding-right: 14px; } h1 { font-size: 23px; } .big { font-size: 28px; } header { gap: 12px; }
  .facts { grid-template-columns: 1fr; gap: 5px; } .facts div { display: grid; grid-template-columns: 118px 1fr; align-items: baseline; }
  .tables th { white-space: normal; } .share { grid-template-columns: 52px; min-width: 0; } td, th { padding-right: 10px; } }
@media print { .theme, .filters, nav { display: none; } .sample { break-inside: avoid; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
)css";

inline constexpr const char* dark_colors = R"css(--page: #14161a; --card: #1b1e23; --ink: #e7e9ec; --soft: #a0a8b3; --line: #30353c; --fill: #2a2f36;
  --focus: #7fb0ff; --s0: #6ea8fe; --s1: #f0974a; --s2: #5cc491; --s3: #c093f0; --right: #23794f; --wrong: #c23f3f; --hit: 110, 168, 254;
  --miss: 240, 105, 95; color-scheme: dark;)css";

inline constexpr const char* page_script = R"js(
"use strict";
const root = document.documentElement, data = JSON.parse(document.getElementById("data").textContent);
const make = (name, attributes = {}, parent = null, text = null) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  if (text !== null) e.textContent = text;
  if (parent) parent.append(e);
  return e;
};
const short = v => v === null ? "–" : v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(2).replace("e+", "e") : String(+v.toPrecision(4));
const many = v => v.toLocaleString("en-US");
const color = k => `var(--s${k % 4})`;

// Light and dark: the reader's choice, else the hash (#dark, #light), else the system's.
const theme = document.getElementById("theme");
const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const name_theme = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colors`); };
const from_hash = () => { if (["#dark", "#light"].includes(location.hash)) root.dataset.theme = location.hash.slice(1); name_theme(); };
try { const kept = localStorage.getItem("relreason-theme"); if (kept) root.dataset.theme = kept; } catch {}
theme.hidden = false;
theme.onclick = () => { root.dataset.theme = dark() ? "light" : "dark"; try { localStorage.setItem("relreason-theme", root.dataset.theme); } catch {} name_theme(); };
addEventListener("hashchange", from_hash);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name_theme);
from_hash();

// Round places for about n lines between low and high.
const ticks = (low, high, n) => {
  const raw = (high - low) / n, power = 10 ** Math.floor(Math.log10(raw)), step = power * [1, 2, 5, 10].find(f => f * power >= raw * .999), out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) out.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return out;
};
const draw_chart = (box, chart) => {
  const W = 340, H = 232, left = 50, right = 10, top = 8, bottom = 38;
  const logarithmic = chart.y === "logarithmic", show = v => chart.y === "percent" && v !== null ? `${(100 * v).toFixed(1)} %` : short(v);
  const usable = p => p[1] !== null && p[0] !== null && (!logarithmic || p[1] > 0);
  const points = chart.curves.flatMap(c => c.points.filter(usable));
  const read = box.querySelector(".read");
  if (!points.length) { read.textContent = "No values to show."; return; }
  const span = (low, high) => low === high ? [low - (Math.abs(low) || 1) * .1, high + (Math.abs(high) || 1) * .1] : [low, high];
  const extent = k => points.reduce(([a, b], p) => [Math.min(a, p[k]), Math.max(b, p[k])], [Infinity, -Infinity]);
  const f = v => logarithmic ? Math.log10(v) : v;
  const [x0, x1] = span(...extent(0));
  let [y0, y1] = extent(1).map(f);
  if (chart.y === "percent") y0 = Math.min(0, y0), y1 = y1 > .6 ? Math.max(1, y1) : y1 * 1.1 || 1;
  else if (logarithmic) y0 = Math.floor(y0 + 1e-9), y1 = Math.max(y0 + 1, Math.ceil(y1 - 1e-9));
  else if (y0 > 0 && y0 < .6 * y1) y0 = 0;
  [y0, y1] = span(y0, y1);
  const X = x => left + (x - x0) / (x1 - x0) * (W - left - right), Y = y => H - bottom - (f(y) - y0) / (y1 - y0) * (H - top - bottom);
  const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, tabindex: 0, role: "img",
    "aria-label": `${chart.title} by ${chart.x_title}. ` + chart.curves.map(c => { const last = c.points.filter(usable).at(-1); return last ? `${c.name}: ${show(last[1])} at ${many(last[0])}` : ""; }).join("; ") + ". Arrow keys read values." });
  box.insertBefore(svg, read);
  const decades = logarithmic ? [...Array(y1 - y0 + 1).keys()].filter(k => k % Math.ceil((y1 - y0) / 5) === 0).map(k => 10 ** (y0 + k)) : [];
  const rows = !logarithmic ? ticks(y0, y1, 4) : y1 - y0 === 1 ? [1, 2, 5, 10].map(m => m * 10 ** y0) : decades;
  for (const v of rows) {
    make("line", { class: "grid", x1: left, x2: W - right, y1: Y(v), y2: Y(v) }, svg);
    make("text", { x: left - 7, y: Y(v) + 4, "text-anchor": "end" }, svg, chart.y === "percent" ? `${+(100 * v).toFixed(1)} %`
      : v !== 0 && Math.abs(v) < 1e-2 ? (+v.toPrecision(2)).toExponential() : short(+v.toPrecision(3)));
  }
  for (const v of ticks(x0, x1, 5)) make("text", { x: Math.min(X(v), W - right - 6), y: H - bottom + 18, "text-anchor": "middle" }, svg, v >= 1e4 ? `${+(v / 1e3).toFixed(1)}k` : many(+v.toPrecision(6)));
  make("text", { x: (left + W - right) / 2, y: H - 3, "text-anchor": "middle" }, svg, chart.x_title);
  for (const c of chart.curves) {
    let path = "", pen = "M";
    for (const p of c.points) if (usable(p)) { path += `${pen}${X(p[0]).toFixed(1)} ${Y(p[1]).toFixed(1)}`; pen = "L"; } else pen = "M";
    make("path", { d: path, fill: "none", style: `stroke:${color(c.color)}`, "stroke-width": c.dashed ? 1.4 : 2, "stroke-linejoin": "round", ...(c.dashed ? { "stroke-dasharray": "4 3" } : {}) }, svg);
  }
  const cross = make("line", { y1: top, y2: H - bottom, style: "stroke:var(--soft)", "stroke-dasharray": "2 2", visibility: "hidden" }, svg);
  const dots = chart.curves.map(c => make("circle", { r: 3.5, style: `fill:${color(c.color)};stroke:var(--card)`, "stroke-width": 1.5, visibility: "hidden" }, svg));
  const xs = [...new Set(points.map(p => p[0]))].sort((a, b) => a - b);
  let at = -1;
  const rest = () => { at = -1; cross.setAttribute("visibility", "hidden"); dots.forEach(d => d.setAttribute("visibility", "hidden")); read.textContent = ""; };
  const show_at = k => {
    at = k;
    const x = xs[k], near = c => c.points.filter(usable).reduce((best, p) => !best || Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best, null);
    cross.setAttribute("x1", X(x)); cross.setAttribute("x2", X(x)); cross.setAttribute("visibility", "visible");
    read.textContent = `${chart.x_title} ${many(x)}`;
    chart.curves.forEach((c, i) => {
      const p = near(c);
      dots[i].setAttribute("visibility", p ? "visible" : "hidden");
      if (!p) return;
      dots[i].setAttribute("cx", X(p[0])); dots[i].setAttribute("cy", Y(p[1]));
      read.textContent += ` · ${c.name}${c.dashed ? ", training" : ""} ${show(p[1])}`;
    });
  };
  svg.addEventListener("pointermove", e => {
    const r = svg.getBoundingClientRect(), x = x0 + ((e.clientX - r.left) / r.width * W - left) / (W - left - right) * (x1 - x0);
    show_at(xs.reduce((best, v, k) => Math.abs(v - x) < Math.abs(xs[best] - x) ? k : best, 0));
  });
  svg.addEventListener("pointerleave", rest);
  svg.addEventListener("blur", rest);
  svg.addEventListener("keydown", e => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: xs.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); show_at(Math.max(0, Math.min(xs.length - 1, to))); }
  });
};
document.querySelectorAll("[data-chart]").forEach(box => draw_chart(box, data.charts[box.dataset.chart]));

// Heat map: a row is a true answer, its cells are shares of its predictions.
const draw_heat = box => {
  const { labels, groups, counts } = data.confusion, n = labels.length, size = Math.max(14, Math.min(40, 560 / n)), side = 74, head = 66;
  const svg = make("svg", { viewBox: `0 0 ${side + n * size + 2} ${head + n * size + 2}`, class: "heat", tabindex: 0, role: "img", style: `--own:${Math.round(1.25 * (side + n * size))}px`,
    "aria-label": `Confusion of ${n} answers; rows are true answers, columns predictions. Arrow keys read cells. The most frequent mistakes are listed beside it.` });
  const read = box.querySelector(".read"), sums = labels.map((_, i) => counts.slice(i * n, i * n + n).reduce((a, b) => a + b, 0));
  box.insertBefore(svg, read);
  labels.forEach((l, i) => {
    make("text", { x: side - 6, y: head + (i + .5) * size + 4, "text-anchor": "end" }, svg, l);
    const x = side + (i + .5) * size + 4;
    make("text", { x, y: head - 6, transform: `rotate(-60 ${x} ${head - 6})` }, svg, l);
  });
  for (let i = 0; i < n; ++i) for (let j = 0; j < n; ++j) {
    const share = sums[i] ? counts[i * n + j] / sums[i] : 0;
    make("rect", { x: side + j * size + .5, y: head + i * size + .5, width: size - 1, height: size - 1, rx: 1.5,
      style: share > 0 ? `fill:rgba(var(--${i === j ? "hit" : "miss"}),${(.08 + .92 * Math.sqrt(share)).toFixed(3)})` : "fill:var(--fill);fill-opacity:.55" }, svg);
  }
  for (let i = 0; i < groups.length;) {
    let j = i; while (j < n && groups[j] === groups[i]) ++j;
    make("rect", { class: "frame", x: side + i * size, y: head + i * size, width: (j - i) * size, height: (j - i) * size }, svg);
    i = j;
  }
  const mark = make("rect", { class: "mark", width: size, height: size, visibility: "hidden" }, svg);
  let row = -1, column = -1;
  const rest = () => { row = column = -1; mark.setAttribute("visibility", "hidden"); read.textContent = "Point at a cell to read it."; };
  const go = (i, j) => {
    row = i; column = j;
    mark.setAttribute("x", side + j * size); mark.setAttribute("y", head + i * size); mark.setAttribute("visibility", "visible");
    const c = counts[i * n + j];
    read.textContent = `True answer ${labels[i]}, predicted ${labels[j]}: ${many(c)} of ${many(sums[i])}` + (sums[i] ? ` (${(100 * c / sums[i]).toFixed(1)} %)` : "");
  };
  svg.addEventListener("pointermove", e => {
    const r = svg.getBoundingClientRect(), unit = (side + n * size + 2) / r.width;
    const j = Math.floor(((e.clientX - r.left) * unit - side) / size), i = Math.floor(((e.clientY - r.top) * unit - head) / size);
    if (i >= 0 && j >= 0 && i < n && j < n) go(i, j); else rest();
  });
  svg.addEventListener("pointerleave", rest);
  svg.addEventListener("blur", rest);
  svg.addEventListener("keydown", e => {
    const d = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
    if (!d) return;
    e.preventDefault();
    const inside = v => Math.max(0, Math.min(n - 1, v));
    if (row < 0) go(0, 0); else go(inside(row + d[0]), inside(column + d[1]));
  });
  rest();
};
const heat = document.getElementById("heat");
if (heat) draw_heat(heat);

// Samples: filters, and the line of a pair from the list.
const cards = [...document.querySelectorAll(".sample")], filters = document.querySelector(".filters");
if (filters) {
  const shown = document.getElementById("shown"), type = document.getElementById("type"), buttons = [...filters.querySelectorAll("[data-show]")];
  const pairs = document.getElementById("pairs");
  const apply = () => {
    const which = buttons.find(b => b.getAttribute("aria-pressed") === "true").dataset.show;
    let k = 0;
    for (const c of cards) k += !(c.hidden = which !== "all" && c.dataset.verdict !== which || type.value !== "" && c.dataset.type !== type.value);
    shown.textContent = `${k} of ${cards.length} shown`;
  };
  filters.hidden = false;
  buttons.forEach(b => b.onclick = () => { buttons.forEach(o => o.setAttribute("aria-pressed", o === b)); apply(); });
  type.onchange = apply;
  pairs.onclick = () => pairs.setAttribute("aria-pressed", !document.querySelector(".samples").classList.toggle("no-pairs"));
  apply();
}
for (const item of document.querySelectorAll("[data-line]")) {
  const scene = item.closest(".sample").querySelector(".scene"), line = scene.querySelector(`[data-pair="${item.dataset.line}"]`);
  const choose = on => { scene.classList.toggle("choosing", on); if (line) line.classList.toggle("chosen", on); };
  item.onmouseenter = item.onfocus = () => choose(true);
  item.onmouseleave = item.onblur = () => choose(false);
}
)js";

}  // namespace relreason::report::detail
