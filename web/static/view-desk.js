// The desk: what one has to see first.
import { halt } from "./actions.js";
import { Chart } from "./charts.js";
import { h, panel, setClass, setText } from "./dom.js";
import { micros, money, number, signed, tone, whole } from "./format.js";
import { Grid, newest } from "./grid.js";
import { Bars, figure, fillColumns, positionColumns, showWarnings, stateColumn } from "./parts.js";

const FILLS = 12;

// An amount with its currency beside it, smaller.
function amount(element, text, currency) {
  const shown = text === null ? ["–"] : [text, h("small", {}, ` ${currency || ""}`)];
  if (element.textContent !== `${text} ${currency || ""}`) element.replaceChildren(...shown);
}

export class Desk {
  constructor(page) {
    this.page = page;
    this.cards = h("div", { class: "cards", hidden: true });
    this.net = figure("Day's P&L");
    this.equity = figure("Account value");
    this.drawdown = figure("Drawdown");
    this.rates = figure("Ticks per second");
    this.latency = figure("Tick to order");
    this.chart = new Chart({ label: "net", height: 236, fill: true, empty: "Nothing traded today." });
    this.warnings = h("ul", { class: "warnings", tabindex: "0" });
    this.bars = new Bars();
    this.processes = new Grid([
      { name: "Process", value: (p, key) => (p.host ? `${key} on ${p.host}` : key) },
      stateColumn,
      { name: "Restarts", value: (p) => (p.restarts ? String(p.restarts) : ""), kind: "num" },
      { name: "Done", value: (p) => p.done, kind: "reason" },
    ], { label: "Processes" });
    this.positions = new Grid(positionColumns, { empty: "No position.", label: "Positions",
      onrow: (row) => page.open("instruments", row.symbol) });
    this.fills = new Grid(fillColumns.filter((c) => c.name !== "Commission"), { empty: "No fill yet.", label: "Newest fills",
      onrow: (row) => page.open("events", row.exec_id) });
    const figures = [this.net, this.equity, this.drawdown, this.rates, this.latency];
    this.element = h("div", {}, this.cards, h("div", { class: "grid" },
      h("div", { class: "figures w12" }, figures.map((f) => f.element)),
      panel("P&L of the day, net", this.chart.element, null, "w8"),
      panel("Warnings", this.warnings, null, "w4 short"),
      panel("Positions", this.positions.element, null, "w6 short"),
      panel("Risk: how much of each limit is used", this.bars.element, null, "w6 short"),
      panel("Newest fills", this.fills.element, null, "w6 short"),
      panel("Processes", this.processes.element, null, "w6 short")));
  }

  update(dirty) {
    const has = (name) => dirty.has("*") || dirty.has(name);
    const page = this.page;
    if (has("desk")) this.showDesk(page.desk);
    if (has("groups")) this.showGroups();
    if (has("curve")) this.chart.set([...page.table("curve").values()].sort((a, b) => a[0] - b[0]));
    if (has("warnings")) showWarnings(this.warnings, page.table("warnings"));
    if (has("headroom")) this.bars.show(page.table("headroom"));
    if (has("processes")) this.processes.show(page.table("processes"));
    if (has("positions")) {
      this.positions.show([...page.table("positions")].filter(([, p]) => Number(p.quantity)));
    }
    if (has("fills")) this.fills.show(newest(page.table("fills")).slice(0, FILLS));
  }

  showDesk(desk) {
    const [day, ...others] = desk.day || [];
    amount(this.net.value, day ? signed(day.net) : null, day?.currency);
    setClass(this.net.value, `value ${tone(day?.net)}`);
    const also = others.map((d) => `${signed(d.net)} ${d.currency}`).join(", ");
    setText(this.net.more, day ? also || `realised ${signed(day.realised)}, open ` +
      `${signed(day.unrealised)}, fees ${money(day.fees)}` : "nothing traded today");
    const accounts = (desk.accounts || []).filter((a) => a.equity !== null);
    const [account] = accounts;
    amount(this.equity.value, account ? number(account.equity, 0, 0) : null, account?.currency);
    setText(this.equity.more, accounts.length > 1
      ? accounts.slice(1).map((a) => `${a.account} ${money(a.equity)}`).join(", ")
      : account ? `${account.account}, buying power ${number(account.buying_power, 0, 0)}` : "");
    setText(this.drawdown.value, day ? money(day.drawdown) : "–");
    setClass(this.drawdown.value, `value ${Number(day?.drawdown) > 0 ? "down" : ""}`);
    setText(this.drawdown.more, day ? `largest ${money(day.drawdown_max)}, peak ${signed(day.peak)}`
      : "");
    const rates = desk.rates || {};
    setText(this.rates.value, whole(rates.ticks || 0));
    setText(this.rates.more, `${number(rates.signals || 0, 0, 1)} signals/s, ` +
      `${number(rates.orders || 0, 0, 1)} orders/s`);
    const hop = desk.latency?.tick_to_order;
    const ticks = desk.latency?.gateway_to_strategy;
    setText(this.latency.value, micros(hop?.p50));
    setText(this.latency.more, `p99 ${micros(hop?.p99)}, tick to strategy ${micros(ticks?.p50)}`);
  }

  showGroups() {
    const { stream, group } = this.page;
    this.cards.hidden = stream.order.length < 2;
    if (this.cards.hidden) return;
    const same = JSON.stringify([group, ...stream.order.map((name) => {
      const desk = stream.desk(name);
      return [name, desk.mode, desk.trading, desk.day?.[0]?.net];
    })]);
    if (this.same === same) return;
    this.same = same;
    this.cards.replaceChildren(...stream.order.map((name) => this.card(name, name === group)));
  }

  card(name, isShown) {
    const desk = this.page.stream.desk(name);
    const [day] = desk.day || [];
    const state = desk.trading?.state || "…";
    return h("div", { class: `card ${isShown ? "is-shown" : ""}` },
      h("button", { class: "quiet name", type: "button", onclick: () => this.page.choose(name) },
        name),
      h("span", { class: `badge ${desk.mode}` }, desk.mode || ""),
      h("span", { class: `pill ${state === "ACTIVE" ? "good" : "bad"}` }, state),
      h("span", { class: tone(day?.net) }, day ? `${signed(day.net)} ${day.currency}` : "–"),
      h("button", { class: "small danger", type: "button", onclick: () => halt(name) },
        `Halt ${name}`));
  }

  again() { this.chart.again(); }

  close() { this.chart.close(); }
}
