// Positions, orders and fills.
import { button, confirmed, ticket } from "./actions.js";
import { h, panel } from "./dom.js";
import { NONE, clock, micros, money, number, price, signed } from "./format.js";
import { Grid, newest } from "./grid.js";
import { fillColumns, positionColumns, prices, side, stateColumn } from "./parts.js";

export class Positions {
  constructor(page) {
    this.page = page;
    this.all = false;
    const flat = (row) => {
      const part = { account: row.account, symbol: row.symbol };
      confirmed(page.group, { action: "flatten", target: `${row.account} ${row.symbol}`,
        parameters: part }, `Flatten ${row.symbol}`);
    };
    this.grid = new Grid([
      { name: "Account", value: (p) => p.account },
      ...positionColumns,
      { name: "Fees", value: (p) => money(p.fees), kind: "num" },
      { name: "Broker has", kind: "num",
        value: (p) => (p.account_quantity === null ? "not reported" : signed(p.account_quantity, 0, 8)),
        tone: (p) => (p.account_quantity !== null && Number(p.account_quantity) !== Number(p.quantity)
          ? "warn" : "") },
      { name: "", same: (p) => `${p.account} ${p.symbol} ${Math.sign(Number(p.quantity))}`,
        node: (p) => h("span", {},
          button("Order", "trader", () => ticket(page.group, page.desk, p.symbol,
            Number(p.quantity) > 0 ? "SELL" : "BUY")),
          Number(p.quantity) ? button("Flatten", "trader", () => flat(p), "small danger") : "") },
    ], { empty: "No position.", label: "Positions",
      onrow: (row) => page.open("instruments", row.symbol) });
    const everything = button("Flatten everything", "trader", () => confirmed(page.group,
      { action: "flatten", target: page.group, parameters: {} }, "Flatten everything"),
    "small danger");
    this.toggle = h("button", { class: "small", type: "button", "aria-pressed": "false",
      onclick: () => this.flip() }, "With closed ones");
    this.element = panel("Positions", this.grid.element,
      h("div", { class: "filters chips" }, this.toggle, everything));
  }

  flip() {
    this.all = !this.all;
    this.toggle.setAttribute("aria-pressed", String(this.all));
    this.update(new Set(["*"]));
  }

  update(dirty) {
    if (!dirty.has("*") && !dirty.has("positions")) return;
    const rows = [...this.page.table("positions")];
    this.grid.show(rows.filter(([, p]) => this.all || Number(p.quantity) ||
      Number(p.account_quantity)));
  }
}

export class Orders {
  constructor(page) {
    this.page = page;
    this.all = false;
    this.grid = new Grid([
      { name: "Time", value: (o) => clock(o.ts_ns), kind: "mono" },
      stateColumn,
      { name: "Symbol", value: (o) => o.symbol },
      { name: "Side", value: (o) => o.side, tone: side },
      { name: "Filled", kind: "num",
        value: (o) => (o.filled === o.quantity ? number(o.quantity)
          : `${number(o.filled)} / ${number(o.quantity)}`) },
      { name: "Type", value: (o) => o.type },
      { name: "Price", value: prices, kind: "num" },
      { name: "Average", value: (o) => price(o.average_price), kind: "num" },
      { name: "TIF", value: (o) => o.time_in_force || NONE },
      { name: "Strategy", value: (o) => o.strategy },
      { name: "Account", value: (o) => o.account },
      { name: "Tick to TWS", kind: "num",
        value: (o) => micros(o.latency_us) },
      { name: "", same: (o) => `${o.intent_id} ${o.live}`,
        node: (o) => (o.live ? button("Cancel", "trader", () => confirmed(page.group,
          { action: "cancel", target: o.intent_id, parameters: {} }, "Cancel the order"),
        "small danger") : "") },
      { name: "Reason", value: (o) => o.reason, kind: "wide" },
    ], { empty: "No order works.", label: "Orders",
      onrow: (row) => page.open("events", row.intent_id) });
    this.toggle = h("button", { class: "small", type: "button", "aria-pressed": "false",
      onclick: () => this.flip() }, "With ended ones");
    this.element = panel("Orders", this.grid.element, h("div", { class: "chips" }, this.toggle));
  }

  flip() {
    this.all = !this.all;
    this.toggle.setAttribute("aria-pressed", String(this.all));
    this.update(new Set(["*"]));
  }

  update(dirty) {
    if (!dirty.has("*") && !dirty.has("orders")) return;
    const rows = newest(this.page.table("orders"));
    this.grid.show(rows.filter(([, o]) => this.all || o.live));
  }
}

export class Fills {
  constructor(page) {
    this.page = page;
    this.grid = new Grid([...fillColumns,
      { name: "Account", value: (f) => f.account },
      { name: "Execution", value: (f) => f.exec_id, kind: "mono" },
      { name: "Order", value: (f) => f.intent_id || NONE, kind: "mono" },
    ], { empty: "No fill yet.", label: "Fills", onrow: (row) => page.open("events", row.exec_id) });
    this.element = panel("Fills", this.grid.element,
      h("span", { class: "muted" }, "A row opens the way from its tick."));
  }

  update(dirty) {
    if (dirty.has("*") || dirty.has("fills")) this.grid.show(newest(this.page.table("fills")));
  }
}
