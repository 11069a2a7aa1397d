// Risk: what is halted, how much of each limit is used, and what was decided.
import * as api from "./api.js";
import { button, halt } from "./actions.js";
import { h, panel } from "./dom.js";
import { clock, moment } from "./format.js";
import { Grid, newest } from "./grid.js";
import { Bars } from "./parts.js";

export class Risk {
  constructor(page) {
    this.page = page;
    this.bars = new Bars();
    this.halts = new Grid([
      { name: "Halted", value: (row) => row.scope },
      { name: "Since", value: (row) => moment(row.ts_ns), kind: "mono" },
      { name: "Until", value: (row) => (row.until_ns ? clock(row.until_ns) : "a person resumes") },
      { name: "By", value: (row) => row.by || "" },
      { name: "Reason", value: (row) => row.reason, kind: "wide" },
      { name: "", same: (row) => JSON.stringify(row.parts),
        node: (row) => button("Resume", "trader", () => this.resume(row.parts || ["", "", ""])) },
    ], { empty: "Nothing is halted.", label: "Halts", stacks: true });
    this.decisions = new Grid([
      { name: "Time", value: (d) => moment(d.ts_ns), kind: "mono" },
      { name: "What", value: (d) => d.word },
      { name: "Scope", value: (d) => d.scope },
      { name: "Why", value: (d) => d.why, kind: "wide" },
    ], { empty: "Risk has decided nothing yet.", label: "Decisions", stacks: true });
    this.chain = h("div", { class: "pad" },
      button("Show causes and outcomes", "viewer", () => this.audit()));
    const accounts = h("span", { class: "chips" });
    this.accounts = accounts;
    this.element = h("div", { class: "grid" },
      panel("Halts", this.halts.element, accounts, "w12"),
      panel("How much of each limit is used", this.bars.element, null, "w5"),
      panel("Decisions", this.decisions.element, null, "w7"),
      panel("Audit", this.chain, null, "w12"));
  }

  resume([account, strategy, symbol]) {
    const target = [account, strategy, symbol].filter(Boolean).join(" ") || this.page.group;
    this.page.resume({ account, strategy, symbol }, target);
  }

  update(dirty) {
    const has = (name) => dirty.has("*") || dirty.has(name);
    if (has("headroom")) this.bars.show(this.page.table("headroom"));
    if (has("halts")) this.halts.show(this.page.table("halts"));
    if (has("decisions")) this.decisions.show(newest(this.page.table("decisions")));
    if (has("desk")) this.showAccounts(this.page.desk.account_names || []);
  }

  showAccounts(names) {
    const same = names.join(" ");
    if (this.same === same) return;
    this.same = same;
    this.accounts.replaceChildren(...names.map((account) => h("button",
      { class: "small danger", type: "button", onclick: () => halt(this.page.group, { account }) },
      `Halt ${account}`)));
  }

  async audit() {
    const found = await api.read(this.page.group, "audit").catch((refused) => refused);
    if (found instanceof Error) {
      this.chain.replaceChildren(h("p", { class: "bad" }, found.message));
      return;
    }
    const step = (word, entries) => entries.filter(Boolean).map((e) => h("tr", {},
      h("td", { class: "mono" }, moment(e.ts_ns)), h("td", {}, word),
      h("td", {}, e.event), h("td", {}, e.source),
      h("td", { class: "wide" }, e.fields.reason || e.fields.intent_id || "")));
    const rows = found.flatMap((d) => [...step("cause", [d.cause]), ...step("decision", [d]),
      ...step("measure", d.measures), ...step("order", d.orders), ...step("outcome", d.outcome)]);
    this.chain.className = "scroll";
    this.chain.replaceChildren(rows.length
      ? h("table", { class: "stack" }, h("thead", {}, h("tr", {}, ["Time", "Step", "Event", "By", "About"]
        .map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows))
      : h("p", { class: "empty" }, "Risk has decided nothing yet."));
  }
}

