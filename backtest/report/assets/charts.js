"use strict";
// Charts of a page: curves over time that zoom together, and histograms. Drawn by uPlot.

const DATA = JSON.parse(document.getElementById("data").textContent);
const place = (id) => document.getElementById(id);
const NARROW = matchMedia("(max-width: 40rem)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const NEAR_PX = 14; // how near to a mark the pointer must be for its trade to be shown
const MARKS_LINED_MAX = 100; // with more trades in view, entry and exit are not joined
const TRADES_TOLD_MAX = 3;
const MINUTE_MS = 60_000, HOUR_MS = 3_600_000, DAY_MS = 86_400_000;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const faded = (ink, share) => `color-mix(in srgb, ${ink} ${share}%, transparent)`;
const number = (value, digits = 2) => value.toLocaleString("en-US", { maximumFractionDigits: digits });
const price = (value) => number(value, 8);
const percent = (value) => `${number(value * 100, 2)}%`;
const moment = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/(:00)?\.000Z$|Z$/, "");

/** Elements with text; all text from data becomes text nodes, never HTML. */
function element(tag, text = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** The charts over time: they share what part of it they show. */
class Linked {
  constructor(from, to) {
    const margin = Math.max((to - from) * 0.01, 1);
    this.whole = [from - margin, to + margin];
    this.shown = this.whole;
    this.charts = new Set();
  }

  show(from, to) {
    const least = Math.min(this.whole[1] - this.whole[0], 10);
    if (to - from < least) return;
    this.shown = [from, to];
    for (const chart of this.charts) {
      const { min, max } = chart.scales.x;
      if (min !== from || max !== to) chart.setScale("x", { min: from, max: to });
    }
  }

  /** Zoom by `factor` around a time, or move by a share of what is shown; within the whole. */
  zoom(factor, around = (this.shown[0] + this.shown[1]) / 2) {
    const [from, to] = this.shown;
    this.within(around - (around - from) * factor, around + (to - around) * factor);
  }

  move(share) {
    const [from, to] = this.shown;
    const step = (to - from) * share;
    const bounded = Math.max(this.whole[0] - from, Math.min(this.whole[1] - to, step));
    this.show(from + bounded, to + bounded);
  }

  within(from, to) {
    this.show(Math.max(from, this.whole[0]), Math.min(to, this.whole[1]));
  }

  reset() {
    this.show(...this.whole);
  }
}

function axes(format) {
  const look = {
    stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1, size: 4 }, font: "12px system-ui, sans-serif",
  };
  const left = { ...look, size: NARROW.matches ? 66 : 84, values: (_, splits) => splits.map(format) };
  return [{ ...look, space: NARROW.matches ? 64 : 80 }, left];
}

/** Times under a chart, as fine as they stand apart; the date, or the year, where it changes. */
function stamps(_, splits, _axis, _space, step) {
  let before = "";
  return splits.map((ms) => {
    const [day, clock] = new Date(ms).toISOString().split("T");
    const months = step >= 28 * DAY_MS, days = step >= DAY_MS;
    const fine = step >= MINUTE_MS ? 5 : step >= 1000 ? 8 : 12;
    const text = months ? day.slice(0, 7) : days ? day.slice(5) : clock.slice(0, fine);
    const below = months ? "" : days ? day.slice(0, 4) : day;
    const told = below === before ? text : `${text}\n${below}`;
    before = below;
    return told;
  });
}

function curve({ label, ink, fill = 0, stepped = false, dash }) {
  return {
    label, stroke: colour(ink), width: 1.5, dash, spanGaps: true, points: { show: false },
    fill: fill ? faded(colour(ink), fill) : undefined,
    paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
  };
}

/** A chart over time in `place`: `series` are described as `curve` takes them, `format` is for values. */
function timeChart(place, { linked, data, series, format, height, range, drawn, told }) {
  const options = {
    width: place.clientWidth, height: NARROW.matches && height > 200 ? 240 : height, ms: 1,
    tzDate: (ms) => uPlot.tzDate(new Date(ms), "Etc/UTC"),
    legend: { show: false },
    scales: { x: { time: true }, y: { range } },
    axes: [{ ...axes(format)[0], size: 40, values: stamps, space: (_, _axis, from, to) => (to - from < 2 * MINUTE_MS ? 108 : 80) }, axes(format)[1]],
    padding: [10, 36, 0, 0],
    series: [{}, ...series.map(curve)],
    cursor: { sync: { key: "time", scales: ["x", null] }, y: false, drag: { x: true, y: false }, bind: { dblclick: () => () => linked.reset() } },
    hooks: {
      setScale: [(chart, key) => key === "x" && chart.scales.x.min != null && linked.show(chart.scales.x.min, chart.scales.x.max)],
      draw: drawn ? [drawn] : [],
    },
  };
  const tip = addTip(place, options, (chart) => {
    const at = chart.cursor.idx;
    const rows = series.map(({ label }, n) => [label, chart.data[n + 1][at], n + 1]);
    const lines = rows.filter(([, value, n]) => value != null && chart.series[n].show);
    return [moment(chart.data[0][at]), ...lines.map(([label, value]) => `${label}  ${format(value)}`), ...(told ? told(chart) : [])].join("\n");
  });
  const chart = new uPlot(options, data, place);
  place.append(tip);
  linked.charts.add(chart);
  chart.setScale("x", { min: linked.shown[0], max: linked.shown[1] });
  byTouch(chart, linked);
  place.onkeydown = (event) => byKey(event, linked);
  return chart;
}

/** How far a curve is below its highest value before; linked to the chart above it. */
function drawdownChart(place, linked, t, drawdown) {
  return timeChart(place, {
    linked, data: [t, drawdown], series: [{ label: "drawdown", ink: "drawdown", fill: 18 }],
    format: percent, height: 130, range: (_, low) => [Math.min(low ?? 0, -1e-6) * 1.08, 0],
  });
}

/** Charts with their places keep the width of these. */
function fit(shown) {
  for (const { id, chart } of shown) {
    const width = place(id).clientWidth;
    if (width && width !== chart.width) chart.setSize({ width, height: chart.height });
  }
}

/** A box with text beside the pointer, while it is over the chart. */
function addTip(place, options, text) {
  const tip = element("div", "", "tip");
  tip.hidden = true;
  place.onpointerleave = () => { tip.hidden = true; };
  options.hooks = options.hooks || {};
  options.hooks.setCursor = [(chart) => {
    const { left, idx } = chart.cursor;
    tip.hidden = idx == null || left < 0 || !place.matches(":hover");
    if (tip.hidden) return;
    tip.textContent = text(chart);
    tip.style.left = "0"; // where it has all the room, so that it is measured at its full width
    const x = chart.over.offsetLeft + left;
    const beside = x + 14 + tip.offsetWidth < place.clientWidth ? x + 14 : x - 14 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, beside)}px`;
    tip.style.top = `${chart.over.offsetTop + 8}px`;
  }];
  return tip;
}

function byKey(event, linked) {
  const does = {
    ArrowLeft: () => linked.move(-0.1), ArrowRight: () => linked.move(0.1),
    "+": () => linked.zoom(0.7), "=": () => linked.zoom(0.7), "-": () => linked.zoom(1 / 0.7),
    0: () => linked.reset(), Escape: () => linked.reset(),
  }[event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does();
}

/** One finger shows values, two zoom; up and down the page scrolls as usual. */
function byTouch(chart, linked) {
  const fingers = new Map();
  const at = (event) => event.clientX - chart.over.getBoundingClientRect().left;
  chart.over.style.touchAction = "pan-y";
  chart.over.addEventListener("pointerdown", (event) => event.pointerType === "touch" && fingers.set(event.pointerId, at(event)));
  chart.over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = [...fingers.values()];
    fingers.set(event.pointerId, at(event));
    const now = [...fingers.values()];
    if (now.length === 1) chart.setCursor({ left: now[0], top: 10 });
    if (now.length !== 2) return;
    const spread = Math.abs(before[0] - before[1]) / Math.max(Math.abs(now[0] - now[1]), 1);
    linked.zoom(spread, chart.posToVal((now[0] + now[1]) / 2, "x"));
  });
  for (const kind of ["pointerup", "pointercancel", "pointerleave"]) {
    chart.over.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }
}

// ---- trades in the price -------------------------------------------------------------------------

const MARKS = {
  long: { ink: "gain", text: "entry, long", sign: "\u25B2" },
  short: { ink: "loss", text: "entry, short", sign: "\u25BC" },
  exit: { ink: "ink", text: "exit", sign: "\u25CB" },
};

/** Where each trade of a symbol was entered and left: time, price, kind, trade. */
function marksOf(trades) {
  const entries = trades.map((one) => ({ at: one.entry, price: one.entry_price, kind: one.side, one }));
  const exits = trades.filter((one) => one.exit != null)
    .map((one) => ({ at: one.exit, price: one.exit_price, kind: "exit", one }));
  return [...entries, ...exits];
}

function drawMarks(chart, marks) {
  const { min, max } = chart.scales.x;
  const seen = marks.filter(({ at }) => at >= min && at <= max);
  const to = (mark) => [chart.valToPos(mark.at, "x", true), chart.valToPos(mark.price, "y", true)];
  const ratio = devicePixelRatio || 1;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (seen.length <= 2 * MARKS_LINED_MAX) drawJoins(chart, seen, ratio);
  const size = (seen.length > 400 ? 3.5 : 5) * ratio;
  ctx.lineWidth = 1.2 * ratio;
  for (const kind of Object.keys(MARKS)) {
    ctx.fillStyle = colour(kind === "exit" ? "panel" : MARKS[kind].ink);
    ctx.strokeStyle = colour(kind === "exit" ? "ink" : "panel");
    for (const mark of seen) if (mark.kind === kind) drawMark(ctx, ...to(mark), kind, size);
  }
  ctx.restore();
}

function drawJoins(chart, seen, ratio) {
  const { ctx } = chart;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.lineWidth = ratio;
  for (const one of new Set(seen.map((mark) => mark.one))) {
    if (one.exit == null) continue;
    ctx.strokeStyle = colour(one.net > 0 ? "gain" : "loss");
    ctx.beginPath();
    ctx.moveTo(chart.valToPos(one.entry, "x", true), chart.valToPos(one.entry_price, "y", true));
    ctx.lineTo(chart.valToPos(one.exit, "x", true), chart.valToPos(one.exit_price, "y", true));
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

function drawMark(ctx, x, y, kind, size) {
  ctx.beginPath();
  if (kind === "exit") {
    ctx.arc(x, y, size * 0.75, 0, 2 * Math.PI);
  } else {
    const tip = kind === "long" ? -size : size;
    ctx.moveTo(x, y + tip);
    ctx.lineTo(x - size, y - tip);
    ctx.lineTo(x + size, y - tip);
    ctx.closePath();
  }
  ctx.fill();
  ctx.stroke();
}

/** A sentence for each trade whose mark is at the pointer. */
function tradesAt(chart, marks) {
  const { left, top } = chart.cursor;
  const near = marks.filter(({ at, price: y }) =>
    Math.hypot(chart.valToPos(at, "x") - left, chart.valToPos(y, "y") - top) < NEAR_PX);
  return [...new Set(near.map((mark) => mark.one))].slice(0, TRADES_TOLD_MAX).map(sentence);
}

function sentence(one) {
  const left = one.exit == null ? "still open" : `out at ${price(one.exit_price)}`;
  return `${one.strategy}: ${one.side} ${price(one.quantity)}, in at ${price(one.entry_price)}, ${left}, net ${number(one.net)}`;
}

/** The range of values that shows both the price and the trades in view. */
function rangeWith(marks) {
  return (chart, low, high) => {
    // the new range of times is not in `scales` yet, but the points in it are known
    const times = chart.data[0], [first, last] = chart.series[0].idxs || [0, times.length - 1];
    const prices = marks.filter(({ at }) => at >= times[first] && at <= times[last]).map((mark) => mark.price);
    const all = [low, high].filter((value) => value != null);
    const bottom = Math.min(...all, ...prices), top = Math.max(...all, ...prices);
    if (!Number.isFinite(bottom)) return [0, 1];
    const margin = (top - bottom) * 0.06 || Math.abs(top) * 0.001 || 1;
    return [bottom - margin, top + margin];
  };
}

// ---- histograms ----------------------------------------------------------------------------------

/** How many values are in each range; ranges below 0 have another colour. */
function histogram(place, { edges, counts }, format) {
  const middles = counts.map((_, n) => (edges[n] + edges[n + 1]) / 2);
  const bars = (ink, wanted) => ({
    stroke: colour(ink), fill: faded(colour(ink), 55), width: 1, points: { show: false },
    paths: uPlot.paths.bars({ size: [0.92] }), wanted,
  });
  const series = [bars("loss", (x) => x < 0), bars("gain", (x) => x >= 0)];
  const data = [middles, ...series.map(({ wanted }) => counts.map((count, n) => (wanted(middles[n]) ? count : null)))];
  const options = {
    width: place.clientWidth, height: 170, legend: { show: false },
    scales: { x: { time: false, range: () => [edges[0], edges.at(-1)] }, y: { range: (_, low, high) => [0, high * 1.08] } },
    axes: axes((count) => (Number.isInteger(count) ? number(count) : "")),
    series: [{}, ...series], cursor: { y: false, x: false, drag: { x: false }, points: { show: false } },
  };
  options.axes[0].values = (_, splits) => splits.map(format);
  options.axes[0].size = 28;
  options.axes[1].size = 50;
  const tip = addTip(place, options, ({ cursor: { idx } }) =>
    `${format(edges[idx])} to ${format(edges[idx + 1])}\n${number(counts[idx])}`);
  const chart = new uPlot(options, data, place);
  place.append(tip);
  return chart;
}
