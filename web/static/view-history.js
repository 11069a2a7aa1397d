// History: what each trading day came to.
import * as api from "./api.js";
import { h, panel } from "./dom.js";
import { money, signed, tone, whole } from "./format.js";
import { Grid } from "./grid.js";

const net = (day) => Object.keys(day.realised).map((currency) =>
  [currency, Number(day.realised[currency]) - Number(day.commission[currency] || 0)]);
const listed = (by, show) => Object.entries(by).map(([c, v]) => `${show(v)} ${c}`).join(", ") || "–";

export class History {
  constructor(page) {
    this.page = page;
    this.grid = new Grid([
      { name: "Trading day", value: (d) => d.day },
      { name: "Orders", value: (d) => whole(d.orders), kind: "num" },
      { name: "Executions", value: (d) => whole(d.executions), kind: "num" },
      { name: "Realised", value: (d) => listed(d.realised, signed), kind: "num" },
      { name: "Commissions", value: (d) => listed(d.commission, money), kind: "num" },
      { name: "Net", value: (d) => net(d).map(([c, v]) => `${signed(v)} ${c}`).join(", ") || "–",
        kind: "num", tone: (d) => tone(net(d)[0]?.[1]) },
    ], { empty: "Reading the journals.", label: "Trading days" });
    this.note = h("span", { class: "muted" }, "as the strategies earned it");
    this.element = panel("History of days", this.grid.element, h("div", { class: "filters" },
      this.note, h("button", { class: "small", type: "button", onclick: () => this.load() },
        "Read again")));
    this.load();
  }

  async load() {
    try {
      const days = await api.read(this.page.group, "days");
      this.grid.empty.textContent = "No trading day yet.";
      this.grid.show(days.map((day) => [day.day, day]));
    } catch (refused) {
      this.note.textContent = refused.message;
    }
  }

  update() {}
}
