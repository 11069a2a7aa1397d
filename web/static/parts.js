// Pieces that several views show.
import { h } from "./dom.js";
import { NONE, clock, money, number, price, signed, tone } from "./format.js";

const GOOD = ["READY", "ACTIVE", "FILLED"];
const BAD = ["BROKEN", "ENDED", "SILENT", "HALTED", "UNKNOWN", "REJECTED", "DENIED", "LOST"];

export function tag(state) {
  const level = GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "warn";
  const plain = ["CANCELLED", "STOPPED", "EXPIRED", ""].includes(state);
  return h("span", { class: `tag ${plain ? "" : level}` }, state || NONE);
}

export const stateColumn = { name: "State", node: (row) => tag(row.state), same: (row) => row.state };

export function prices(order) {
  const parts = [];
  if (order.stop !== null) parts.push(`stop ${price(order.stop)}`);
  if (order.limit !== null) parts.push(price(order.limit));
  if (order.trail !== null) parts.push(`trail ${price(order.trail)}`);
  if (order.trail_percent !== null) parts.push(`trail ${number(order.trail_percent)}%`);
  return parts.join(" ") || "market";
}

export const side = (row) => (row.side === "BUY" ? "up" : "down");

export const fillColumns = [
  { name: "Time", value: (f) => clock(f.ts_ns, 4), kind: "mono" },
  { name: "Symbol", value: (f) => f.symbol },
  { name: "Side", value: (f) => f.side, tone: side },
  { name: "Quantity", value: (f) => number(f.quantity), kind: "num" },
  { name: "Price", value: (f) => price(f.price), kind: "num" },
  { name: "Commission", value: (f) => (f.commission === null ? NONE : money(f.commission)),
    kind: "num" },
  { name: "Strategy", value: (f) => f.strategy || "not ours" },
];

export const positionColumns = [
  { name: "Symbol", value: (p) => p.symbol },
  { name: "Position", value: (p) => signed(p.quantity, 0, 8), kind: "num",
    tone: (p) => tone(p.quantity) },
  { name: "Average", value: (p) => (Number(p.quantity) ? price(p.average_cost) : NONE),
    kind: "num" },
  { name: "Mark", value: (p) => price(p.mark), kind: "num" },
  { name: "Open P&L", value: (p) => signed(p.unrealised), kind: "num",
    tone: (p) => tone(p.unrealised) },
  { name: "Realised", value: (p) => signed(p.realised), kind: "num",
    tone: (p) => tone(p.realised) },
];

export function figure(name) {
  const value = h("div", { class: "value" });
  const more = h("div", { class: "more" });
  return { element: h("div", { class: "panel figure" }, h("div", { class: "name" }, name), value,
    more), value, more };
}

export class Bars {
  constructor() {
    this.element = h("div", { class: "bars", tabindex: "0" });
    this.lines = new Map();
  }

  show(rows) {
    const entries = [...rows];
    if (!entries.length) {
      this.lines.clear();
      this.element.replaceChildren(h("p", { class: "muted" },
        "No limit is in use: nothing is held, and nothing works."));
      return;
    }
    if (!this.lines.size) this.element.replaceChildren();
    const keys = new Set(entries.map(([key]) => key));
    for (const [key, line] of this.lines) {
      if (!keys.has(key)) {
        line.element.remove();
        this.lines.delete(key);
      }
    }
    for (const [key, row] of entries) {
      const line = this.lines.get(key) || this.add(key);
      line.text.textContent = row.used === null ? `not known of ${number(row.limit)} ${row.unit}`
        : `${number(row.used, 0, 2)} of ${number(row.limit, 0, 2)} ${row.unit}`;
      const share = row.share;
      line.fill.style.width = share === null ? "100%" : `${Math.min(1, share) * 100}%`;
      line.fill.className = `fill ${share === null ? "unknown" : share >= 1 ? "bad"
        : share >= 0.8 ? "warn" : ""}`;
      line.name.textContent = [row.rule, row.account, row.symbol].filter(Boolean).join(" · ");
    }
  }

  add(key) {
    const name = h("span", { class: "of" });
    const text = h("span", { class: "muted" });
    const fill = h("div", { class: "fill" });
    const element = h("div", { class: "bar" }, name, text, h("div", { class: "track" }, fill));
    const line = { element, name, text, fill };
    this.lines.set(key, line);
    this.element.append(element);
    return line;
  }
}

export function showWarnings(list, rows) {
  const entries = [...rows.values()];
  const same = JSON.stringify(entries);
  if (list.dataset.same === same) return;
  list.dataset.same = same;
  list.replaceChildren(...entries.map((w) => h("li", { class: w.level }, w.text)));
  if (!entries.length) list.append(h("p", { class: "muted" }, "Nothing to look at."));
}

