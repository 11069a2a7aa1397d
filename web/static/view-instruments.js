// Instruments: prices as they come, a chart with entries and exits, and option chains.
import * as api from "./api.js";
import { button, halt, ticket } from "./actions.js";
import { Chart } from "./charts.js";
import { h, panel } from "./dom.js";
import { clock, number, price } from "./format.js";
import { Grid } from "./grid.js";

const POINTS = 3600;

// The columns of one side of a chain: its quotes towards the middle; greeks are of the model.
function half(right, name) {
  const of = (field, show) => (row) => show(row[right]?.[field]);
  const digits = (count) => (value) => number(
    value !== null && Math.abs(value) < 0.5 * 10 ** -count ? 0 : value, count, count); // not "-0"
  const volatility = (value) => (value === undefined || value === null ? number(null)
    : `${number(value * 100, 1, 1)}%`);
  const quotes = [{ name: `${name} bid`, value: of("bid", price), kind: "num" },
    { name: "Ask", value: of("ask", price), kind: "num" }];
  const more = [
    { name: "Last", value: of("last", price), kind: "num" },
    { name: "IV", value: of("implied_vol", volatility), kind: "num" },
    { name: "Delta", value: of("delta", digits(3)), kind: "num" },
    { name: "Gamma", value: of("gamma", digits(4)), kind: "num" },
    { name: "Theta", value: of("theta", digits(3)), kind: "num" },
    { name: "Vega", value: of("vega", digits(3)), kind: "num" },
  ];
  return right === "C" ? [...more.reverse(), ...quotes] : [...quotes, ...more];
}

export class Instruments {
  constructor(page, symbol) {
    this.page = page;
    this.symbol = symbol;
    this.points = [];
    this.grid = new Grid([
      { name: "Symbol", value: (_, key) => key },
      { name: "Type", value: (i) => i.sec_type },
      { name: "Bid", value: (i) => price(i.bid), kind: "num" },
      { name: "Size", value: (i) => number(i.bid_size), kind: "num" },
      { name: "Ask", value: (i) => price(i.ask), kind: "num" },
      { name: "Size", value: (i) => number(i.ask_size), kind: "num" },
      { name: "Last", value: (i) => price(i.last), kind: "num" },
      { name: "Read", value: (i) => clock(i.ts_ns, 4), kind: "mono" },
      { name: "", value: (i) => (i.delayed ? "delayed" : i.ts_ns ? "" : "not read by anybody"),
        kind: "muted" },
    ], { empty: "No instrument is configured.", label: "Instruments",
      onrow: (_, key) => page.open("instruments", key) });
    this.chart = new Chart({ label: "price", height: 300, markers: true, digits: 2,
      empty: "No price yet. One is shown once a strategy or a recorder reads the symbol." });
    this.title = h("span", { class: "chips" });
    this.fills = h("span", { class: "muted" });
    this.chain = h("div", {});
    this.element = h("div", { class: "grid" },
      panel("Price, entries and exits", this.chart.element, this.title, "w12"),
      panel("Instruments", this.grid.element, null, "w12"), this.chain);
    if (symbol) this.load();
  }

  async load() {
    const symbol = this.symbol;
    const found = await api.read(this.page.group, `charts/${encodeURIComponent(symbol)}`)
      .catch(() => ({ points: [], fills: [] }));
    if (symbol !== this.symbol) return;
    this.points = found.points;
    this.drawTitle();
    this.draw();
  }

  drawTitle() {
    const { page, symbol } = this;
    this.title.replaceChildren(h("b", {}, symbol), this.fills,
      button("Buy", "trader", () => ticket(page.group, page.desk, symbol, "BUY")),
      button("Sell", "trader", () => ticket(page.group, page.desk, symbol, "SELL")),
      h("button", { class: "small danger", type: "button",
        onclick: () => halt(page.group, { symbol }) }, `Halt ${symbol}`));
  }

  marks() {
    return [...this.page.table("fills").values()].filter((f) => f.symbol === this.symbol)
      .map((f) => ({ second: f.ts_ns / 1e9, price: Number(f.price), side: f.side }));
  }

  draw() {
    const marks = this.marks();
    const first = this.points[0]?.[0] || 0;
    const earlier = marks.filter((m) => m.second < first).length;
    this.fills.textContent = `${marks.length} fills${earlier ? `, ${earlier} before the chart` : ""}`;
    this.chart.set(this.points, marks);
  }

  update(dirty) {
    const has = (name) => dirty.has("*") || dirty.has(name);
    if (!this.symbol) {
      const [first] = [...this.page.table("instruments").keys()];
      if (first) {
        this.symbol = first;
        this.load();
      }
    }
    if (has("instruments")) {
      this.grid.show(this.page.table("instruments"));
      this.add(this.page.table("instruments").get(this.symbol));
      this.showChain();
    }
    if (has("instruments") || has("fills")) this.draw();
  }

  add(row) {
    if (!row?.ts_ns || row.price === null) return;
    const second = Math.floor(row.ts_ns / 1e9);
    const last = this.points.at(-1);
    if (last && last[0] > second) return;
    if (last && last[0] === second) this.points.pop();
    this.points.push([second, row.price]);
    if (this.points.length > POINTS) this.points.shift();
  }

  // The options on the symbol: calls on the left, puts on the right, by strike.
  showChain() {
    const options = [...this.page.table("instruments")].filter(([, i]) => i.sec_type === "OPT" &&
      (i.underlying === this.symbol || i.underlying ===
        this.page.table("instruments").get(this.symbol)?.underlying));
    if (!options.length) {
      this.chain.replaceChildren();
      return;
    }
    const strikes = new Map();
    for (const [key, i] of options) {
      const at = `${i.expiry} ${i.strike}`;
      if (!strikes.has(at)) strikes.set(at, { expiry: i.expiry, strike: i.strike });
      strikes.get(at)[i.right] = { key, ...i };
    }
    const rows = [...strikes].sort(([, a], [, b]) => a.expiry.localeCompare(b.expiry) ||
      Number(a.strike) - Number(b.strike));
    if (!this.options) {
      this.options = new Grid([...half("C", "Call"),
        { name: "Expiry", value: (row) => row.expiry, kind: "middle" },
        { name: "Strike", value: (row) => number(row.strike), kind: "num middle" },
        ...half("P", "Put")], { label: "Option chain" });
      this.board = panel("Option chain", this.options.element);
      this.chain.className = "w12";
    }
    if (!this.chain.firstChild) this.chain.append(this.board);
    this.options.show(rows);
  }

  again() { this.chart.again(); }

  close() { this.chart.close(); }
}

