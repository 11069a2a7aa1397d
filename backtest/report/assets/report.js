// The report: its charts from the data in the page, and the table of trades.

const ROWS_FIRST = 100, ROWS_MORE = 500;

const linked = (() => {
  const times = [DATA.equity.t, ...DATA.prices.map((one) => one.t)].filter((t) => t.length);
  const from = Math.min(...times.map((t) => t[0])), to = Math.max(...times.map((t) => t.at(-1)));
  return Number.isFinite(from) ? new Linked(from, to) : null;
})();

// ---- charts --------------------------------------------------------------------------------------

let shown = []; // the charts with their places, which fit themselves to the window
const hidden = new Set(hugeBenchmark() ? [2] : []); // series of equity that are switched off

/** Whether the benchmark moves so much more than the equity that this would look flat beside it. */
function hugeBenchmark() {
  const { equity, benchmark } = DATA.equity;
  if (!benchmark) return false;
  const spread = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
  return spread(benchmark) > 20 * spread(equity);
}

function drawAll() {
  for (const { chart } of shown) chart.destroy();
  shown = [];
  if (linked) linked.charts.clear();
  for (const id of ["equity", "drawdown", "exposure", "price", "daily", "nets"]) place(id).replaceChildren();
  if (linked) drawEquity();
  if (linked) drawPrice();
  drawHistogram("daily", DATA.daily, percent, "Needs at least two trading days.");
  drawHistogram("nets", DATA.nets, number, "Needs at least two closed trades.");
}

function drawEquity() {
  const { t, equity, benchmark, drawdown, exposure } = DATA.equity;
  const series = [{ label: "strategies", ink: "equity" }];
  if (benchmark) series.push({ label: "buy and hold", ink: "benchmark", dash: [5, 3] });
  const top = add("equity", timeChart(place("equity"), {
    linked, data: benchmark ? [t, equity, benchmark] : [t, equity], series, format: number, height: 300,
  }));
  drawKeys(top, series);
  add("drawdown", drawdownChart(place("drawdown"), linked, t, drawdown));
  add("exposure", timeChart(place("exposure"), {
    linked, data: [t, exposure], series: [{ label: "exposure", ink: "exposure", fill: 18, stepped: true }],
    format: percent, height: 120, range: (_, low, high) => [0, Math.max(high ?? 0, 1e-4) * 1.08],
  }));
}

/** A key per series of equity, which switches it off and on. */
function drawKeys(chart, series) {
  const keys = series.map(({ label, ink }, n) => {
    const key = element("button", "", "key"), swatch = element("span", "", "swatch");
    swatch.style.color = colour(ink);
    key.type = "button";
    key.append(swatch, label);
    const apply = () => {
      chart.setSeries(n + 1, { show: !hidden.has(n + 1) });
      key.setAttribute("aria-pressed", String(!hidden.has(n + 1)));
    };
    key.onclick = () => {
      if (!hidden.delete(n + 1)) hidden.add(n + 1);
      apply();
    };
    apply();
    return key;
  });
  place("equity-keys").replaceChildren(...keys);
}

function drawPrice() {
  const found = DATA.prices[Number(place("symbol").value)];
  for (const one of shown.filter((one) => one.id === "price")) {
    linked.charts.delete(one.chart);
    one.chart.destroy();
  }
  shown = shown.filter((one) => one.id !== "price");
  place("price").replaceChildren();
  if (!found) return;
  const marks = marksOf(DATA.trades.filter((one) => one.symbol === found.symbol));
  add("price", timeChart(place("price"), {
    linked, data: [found.t, found.price], series: [{ label: "price", ink: "price" }], format: price,
    height: 320, range: rangeWith(marks), drawn: (chart) => drawMarks(chart, marks),
    told: (chart) => tradesAt(chart, marks),
  }));
  const kinds = Object.keys(MARKS).filter((kind) => marks.some((mark) => mark.kind === kind));
  place("price-keys").replaceChildren(...kinds.map((kind) => {
    const key = element("span", "", "key"), mark = element("span", MARKS[kind].sign, "mark");
    mark.style.color = colour(MARKS[kind].ink);
    key.append(mark, MARKS[kind].text);
    return key;
  }));
}

function drawHistogram(id, found, format, missing) {
  if (found) add(id, histogram(place(id), found, format));
  else place(id).append(element("p", missing));
}

function add(id, chart) {
  shown.push({ id, chart });
  return chart;
}

/** Names for those who do not see the charts, and places that the keyboard reaches. */
function nameCharts() {
  const names = { equity: "Equity over time", drawdown: "Drawdown over time", exposure: "Exposure over time", price: "Price with entries and exits" };
  for (const [id, name] of Object.entries(names)) {
    place(id).tabIndex = 0;
    place(id).setAttribute("role", "group");
    place(id).setAttribute("aria-label", `${name}; arrows move, plus and minus zoom, 0 shows all`);
  }
}

// ---- the table of trades -------------------------------------------------------------------------

const held = (one) => (one.exit == null ? null : one.exit - one.entry);
const COLUMNS = [
  ["strategy", (one) => one.strategy], ["symbol", (one) => one.symbol], ["side", (one) => one.side],
  ["quantity", (one) => one.quantity, price], ["entry", (one) => one.entry, moment],
  ["price", (one) => one.entry_price, price], ["exit", (one) => one.exit, moment],
  ["price", (one) => one.exit_price, price], ["held", held, duration],
  ["gross", (one) => one.gross, money], ["fees", (one) => one.fees, money], ["net", (one) => one.net, money],
];
let sorted = [...DATA.trades], order = { column: 4, up: true }, rows = ROWS_FIRST;

function money(value) {
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function duration(ms) {
  if (ms < 2 * MINUTE_MS) return `${number(ms / 1000, 1)}s`;
  if (ms < HOUR_MS) return `${number(ms / MINUTE_MS, 0)}m`;
  return ms < 2 * DAY_MS ? `${number(ms / HOUR_MS, 1)}h` : `${number(ms / DAY_MS, 0)}d`;
}

function drawHead() {
  const row = element("tr");
  COLUMNS.forEach(([name, value], n) => {
    const head = element("th", "", n < 3 ? "text" : ""), button = element("button", name);
    head.scope = "col";
    button.type = "button";
    button.onclick = () => sortBy(n);
    head.append(button);
    row.append(head);
  });
  place("trades").tHead.replaceChildren(row);
}

function sortBy(column) {
  order = { column, up: order.column === column ? !order.up : column < 3 };
  const value = COLUMNS[column][1], sign = order.up ? 1 : -1;
  sorted.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x == null || y == null) return (x == null) - (y == null); // open trades are last
    return sign * (x < y ? -1 : Number(x > y));
  });
  drawRows();
}

function drawRows() {
  const body = place("trades").tBodies[0];
  body.replaceChildren(...sorted.slice(0, rows).map((one) => {
    const row = element("tr");
    COLUMNS.forEach(([name, value, format], n) => {
      const found = value(one);
      const text = found == null ? (name === "exit" ? "open" : "") : format ? format(found) : found;
      const red = name === "net" || name === "gross" ? found < 0 : false;
      row.append(element("td", text, red ? "minus" : n < 3 ? "text" : ""));
    });
    return row;
  }));
  [...place("trades").tHead.rows[0].cells].forEach((head, n) => {
    if (n === order.column) head.setAttribute("aria-sort", order.up ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  });
  const count = Math.min(rows, sorted.length);
  place("trades-count").textContent = sorted.length ? `${number(count)} of ${number(sorted.length)} trades` : "No trades.";
  place("more").hidden = count === sorted.length;
}

// ---- all of it -----------------------------------------------------------------------------------

place("symbol").replaceChildren(...DATA.prices.map((one, n) => {
  const option = element("option", one.symbol);
  option.value = n;
  return option;
}));
place("symbol").onchange = drawPrice;
place("reset").onclick = () => linked && linked.reset();
place("more").onclick = () => {
  rows += ROWS_MORE;
  drawRows();
};
nameCharts();
drawAll();
drawHead();
drawRows();
new ResizeObserver(() => fit(shown)).observe(document.body);
DARK.addEventListener("change", drawAll);
NARROW.addEventListener("change", drawAll);
