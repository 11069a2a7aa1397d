// Logs: the last lines of each process.
import * as api from "./api.js";
import { h, panel } from "./dom.js";
import { moment } from "./format.js";
import { Grid } from "./grid.js";

const EVERY_MS = 3000;
const LEVELS = { warning: "warn", error: "bad", critical: "bad" };

export class Logs {
  constructor(page, process) {
    this.page = page;
    this.process = process;
    this.chips = h("div", { class: "chips" });
    this.grid = new Grid([
      { name: "Time", value: (l) => moment(l.ts_ns), kind: "mono" },
      { name: "Level", value: (l) => l.level, tone: (l) => LEVELS[l.level] || "muted" },
      { name: "What", value: (l) => l.text, kind: "wide mono lines" },
    ], { empty: "Reading the log.", label: "Log", stacks: true });
    this.element = panel("Logs", this.grid.element, this.chips);
    this.timer = setInterval(() => this.load(), EVERY_MS);
  }

  update(dirty) {
    if (!dirty.has("*") && !dirty.has("processes")) return;
    const names = [...this.page.table("processes").keys()];
    if (!this.process) this.process = names[0];
    const same = names.join(" ");
    if (this.same === same) return;
    this.same = same;
    this.chips.replaceChildren(...names.map((name) => h("button", { class: "small", type: "button",
      "aria-pressed": String(name === this.process),
      onclick: () => this.page.open("logs", name) }, name)));
    this.load();
  }

  async load() {
    if (!this.process) return;
    const path = `logs/${encodeURIComponent(this.process)}`;
    const lines = await api.read(this.page.group, path).catch(() => []);
    this.grid.empty.textContent = "No line yet.";
    this.grid.show(lines.map((line, place) => [String(place), line]).reverse());
  }

  close() { clearInterval(this.timer); }
}
