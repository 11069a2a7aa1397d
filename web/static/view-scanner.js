// Scanner: a ranking of the broker's, with its age.
import * as api from "./api.js";
import { h, panel } from "./dom.js";

const CODES = ["TOP_PERC_GAIN", "TOP_PERC_LOSE", "MOST_ACTIVE", "HOT_BY_VOLUME",
  "TOP_TRADE_RATE", "HIGH_OPT_IMP_VOLAT"];
const SHOWN = ["rank", "symbol", "local_symbol", "sec_type", "exchange", "currency"];

export class Scanner {
  constructor(page) {
    this.page = page;
    this.note = h("span", { class: "muted" });
    this.table = h("div", { class: "scroll" }, h("p", { class: "empty" }, "Choose a ranking."));
    const codes = h("datalist", { id: "codes" }, CODES.map((code) => h("option", { value: code })));
    this.form = h("form", { class: "filters", onsubmit: (event) => this.ask(event) },
      h("input", { name: "code", list: "codes", value: CODES[0], "aria-label": "Ranking", size: 22 }),
      codes,
      h("input", { name: "instrument", value: "STK", "aria-label": "Kind of instrument", size: 8 }),
      h("input", { name: "location", value: "STK.US.MAJOR", "aria-label": "Where", size: 14 }),
      h("button", { class: "small act", type: "submit" }, "Scan"));
    this.element = panel("Scanner", this.table, h("div", { class: "filters" }, this.note, this.form));
  }

  async ask(event) {
    event.preventDefault();
    this.note.textContent = "asking the broker";
    const given = Object.fromEntries(new FormData(this.form));
    try {
      const found = await api.read(this.page.group, "scan", given);
      this.note.textContent = `as of ${found.age_s} s ago${found.is_cached ? ", asked before" : ""}`;
      this.show(found);
    } catch (refused) {
      this.note.textContent = refused.message;
    }
  }

  show({ columns, rows }) {
    const places = SHOWN.map((name) => columns.indexOf(name)).filter((place) => place >= 0);
    const head = h("tr", {}, places.map((p) => h("th", { scope: "col" }, columns[p])));
    const body = rows.map((row) => h("tr", {}, places.map((p) => h("td", {}, row[p]))));
    this.table.replaceChildren(rows.length
      ? h("table", {}, h("thead", {}, head), h("tbody", {}, body))
      : h("p", { class: "empty" }, "No contract passes."));
  }

  update() {}
}
