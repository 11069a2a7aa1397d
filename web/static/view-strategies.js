// Strategies: what each earns, holds and does; start, stop, scale.
import { button, confirmed, counted, halt } from "./actions.js";
import { h, panel } from "./dom.js";
import { NONE, signed, tone, whole } from "./format.js";
import { Grid } from "./grid.js";
import { stateColumn } from "./parts.js";

const RUNS = ["READY", "STARTING", "WAITING", "HALTED", "SILENT"];
const sums = (by) => Object.entries(by || {})
  .map(([currency, one]) => `${signed(one.net)} ${currency}`).join(", ") || NONE;
const first = (by) => Object.values(by || {})[0]?.net;

export class Strategies {
  constructor(page) {
    this.page = page;
    const act = (action, name, title, parameters = {}) =>
      confirmed(page.group, { action, target: name, parameters }, title);
    this.grid = new Grid([
      { name: "Strategy", value: (_, key) => key },
      stateColumn,
      { name: "Net today", value: (s) => sums(s.today), kind: "num", tone: (s) => tone(first(s.today)) },
      { name: "Net in all", value: (s) => sums(s.total), kind: "num", tone: (s) => tone(first(s.total)) },
      { name: "Fills", kind: "num",
        value: (s) => whole(Object.values(s.total).reduce((n, one) => n + one.executions, 0)) },
      { name: "Holds", value: (s) => Object.entries(s.positions)
        .map(([symbol, held]) => `${symbol} ${signed(held, 0, 8)}`).join(", ") || NONE, kind: "reason" },
      { name: "Signals", value: (s) => whole(s.signals), kind: "num" },
      { name: "Ticks", value: (s) => whole(s.ticks), kind: "num" },
      { name: "Missed", value: (s) => whole(s.missed), kind: "num",
        tone: (s) => (s.missed ? "warn" : "") },
      { name: "", same: (s, key) => `${key} ${s.state} ${s.is_configured}`,
        node: (s, key) => this.buttons(s, key, act) },
      { name: "Reason", value: (s) => s.reason, kind: "reason" },
    ], { empty: "No strategy is configured.", label: "Strategies" });
    this.element = panel("Strategies", this.grid.element);
  }

  buttons(row, name, act) {
    if (!row.is_configured) return h("span", { class: "muted" }, "not configured");
    const runs = RUNS.includes(row.state);
    const scale = () => counted(this.page.group, `Scale ${row.base}`, "How many instances", (count) =>
      act("scale", row.base, `Scale ${row.base} to ${count}`, { count, shards: false }));
    return h("span", {},
      h("button", { class: "small danger", type: "button",
        onclick: () => halt(this.page.group, { strategy: name }) }, "Halt"),
      runs ? button("Stop", "admin", () => act("stop", name, `Stop ${name}`))
        : button("Start", "admin", () => act("start", name, `Start ${name}`)),
      name === row.base ? button("Scale", "admin", scale) : "");
  }

  update(dirty) {
    if (dirty.has("*") || dirty.has("strategies")) this.grid.show(this.page.table("strategies"));
  }
}
