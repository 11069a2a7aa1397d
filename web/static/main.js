// The page: one stream, one view at a time, and the head that is always there.
import * as actions from "./actions.js";
import * as api from "./api.js";
import { h, setClass, setText } from "./dom.js";
import { Stream } from "./stream.js";
import { Desk } from "./view-desk.js";
import { Events } from "./view-events.js";
import { History } from "./view-history.js";
import { Instruments } from "./view-instruments.js";
import { Logs } from "./view-logs.js";
import { Risk } from "./view-risk.js";
import { Scanner } from "./view-scanner.js";
import { Strategies } from "./view-strategies.js";
import { Fills, Orders, Positions } from "./view-trading.js";

const VIEWS = [
  ["desk", "Desk", Desk, "1"], ["positions", "Positions", Positions, "2"],
  ["orders", "Orders", Orders, "3"], ["fills", "Fills", Fills, "4"],
  ["strategies", "Strategies", Strategies, "5"], ["risk", "Risk", Risk, "6"],
  ["instruments", "Instruments", Instruments, "7"], ["events", "Events", Events, "8"],
  ["history", "History", History, "9"], ["scanner", "Scanner", Scanner, "0"],
  ["logs", "Logs", Logs, "L"],
];
const GOOD = { ACTIVE: "good", STARTING: "warn", READY: "good" };
const byId = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.dirty = new Set();
    this.place = { view: "desk", argument: "" };
    this.view = null;
    this.buttons = new Map();
    this.drawNav();
    this.stream = new Stream({
      changed: (touched, all) => this.changed(touched, all),
      link: (isLive, silentMs) => this.link(isLive, silentMs),
    });
    byId("halt").addEventListener("click", () => this.halt());
    byId("resume").addEventListener("click", () => this.resume());
    byId("theme").addEventListener("click", () => this.theme());
    byId("leave").addEventListener("click", () => this.leave());
    byId("groups").addEventListener("change", (event) => this.choose(event.target.value));
    addEventListener("hashchange", () => this.go());
    addEventListener("keydown", (event) => this.key(event));
    matchMedia("(prefers-color-scheme: light)").addEventListener("change",
      () => this.view?.again?.());
    setInterval(() => this.tick(), 1000);
  }

  // ---- what comes ---------------------------------------------------------------------------

  changed(touched, all) {
    if (!this.group || !this.stream.order.includes(this.group)) {
      this.choose(this.stream.order.includes(this.wanted) ? this.wanted : this.stream.order[0]);
    }
    const tables = touched[this.group];
    if (all) this.dirty.add("*");
    else if (tables) for (const name of tables) this.dirty.add(name);
    if (Object.keys(touched).length) this.dirty.add("groups");
    if (!this.soon) {
      this.soon = requestAnimationFrame(() => {
        this.soon = null;
        this.draw();
      });
    }
  }

  draw() {
    const dirty = this.dirty;
    this.dirty = new Set();
    this.head();
    this.badges();
    if (this.view) this.view.update(dirty);
  }

  link(isLive, silentMs) {
    const seconds = Math.round(silentMs / 1000);
    setText(byId("link"), isLive ? "live" : "lost");
    setClass(byId("link"), `link ${isLive ? "good" : "bad"}`);
    document.body.classList.toggle("is-lost", !isLive);
    const lost = byId("lost");
    lost.hidden = isLive;
    if (!isLive) {
      document.title = `lost ${this.group || ""} - Tapewire`;
      setText(lost, `No news for ${seconds} s: what is shown is old. The group itself goes on; ` +
        "`tapewire halt` in a terminal stops it.");
    } else if (this.view) this.head();
  }

  // ---- the head -----------------------------------------------------------------------------

  head() {
    const desk = this.desk;
    const trading = desk.trading || { state: "…", reason: "" };
    setText(byId("group"), this.group || "");
    setText(byId("mode"), desk.mode || "");
    setClass(byId("mode"), `badge ${desk.mode || ""}`);
    const [pill, why] = byId("state").children;
    setText(pill, trading.state);
    setClass(pill, `pill ${GOOD[trading.state] || "bad"}`);
    const flatten = desk.flatten ? `flatten ${desk.flatten}` : "";
    setText(why, [flatten, trading.reason].filter(Boolean).join("; "));
    why.title = trading.reason;
    byId("resume").hidden = trading.state !== "HALTED" || Boolean(desk.flatten) ||
      !actions.may("trader");
    const several = this.stream.order.length > 1;
    setText(byId("halt"), several ? `Halt ${this.group}` : "Halt");
    this.choices(several);
    document.title = `${trading.state} ${this.group || ""} - Tapewire`;
  }

  choices(several) {
    const select = byId("groups");
    select.hidden = !several;
    byId("group").hidden = several;
    const names = this.stream.order.join("\n");
    if (several && names !== this.named) {
      this.named = names;
      select.replaceChildren(...this.stream.order.map((name) => h("option", { value: name }, name)));
    }
    if (several) select.value = this.group;
  }

  badges() {
    const live = [...this.stream.table(this.group, "orders").values()].filter((o) => o.live).length;
    const held = [...this.stream.table(this.group, "positions").values()]
      .filter((p) => Number(p.quantity)).length;
    for (const [name, count] of [["orders", live], ["positions", held]]) {
      const badge = this.buttons.get(name).badge;
      badge.hidden = !count;
      setText(badge, String(count));
    }
  }

  tick() {
    const now = new Date(Date.now() + this.stream.offsetNs / 1e6);
    setText(byId("clock"), `${now.toISOString().slice(11, 19)} UTC`);
  }

  // ---- where one is -------------------------------------------------------------------------

  get desk() { return this.stream.desk(this.group); }

  table(name) { return this.stream.table(this.group, name); }

  drawNav() {
    for (const [name, label, , key] of VIEWS) {
      const badge = h("span", { class: "count", hidden: true });
      const button = h("button", { type: "button", onclick: () => this.open(name) },
        label, badge, h("kbd", { "aria-hidden": "true" }, key));
      this.buttons.set(name, { button, badge });
      byId("nav").append(button);
    }
  }

  open(view, argument = "") {
    location.hash = [this.group, view, argument].map(encodeURIComponent).join("/");
  }

  choose(group) {
    this.group = group;
    this.open(this.place.view, "");
    this.go();
  }

  go() {
    const parts = location.hash.slice(1).split("/").map((part) => {
      try { return decodeURIComponent(part); } catch { return ""; }
    });
    const [group, view, argument] = parts;
    if (this.stream?.order.includes(group)) this.group = group;
    else this.wanted = group;
    const found = VIEWS.find(([name]) => name === view) || VIEWS[0];
    const place = { view: found[0], argument: argument || "", group: this.group };
    const isSame = this.view && JSON.stringify(place) === JSON.stringify(this.place);
    this.place = place;
    if (isSame || !this.group) return;
    if (this.view) this.view.close?.();
    this.view = new found[2](this, place.argument);
    byId("view").replaceChildren(this.view.element);
    for (const [name, { button }] of this.buttons) {
      if (name === place.view) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
    this.buttons.get(place.view).button.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.dirty.add("*");
    this.draw();
  }

  // ---- what is done -------------------------------------------------------------------------

  halt(part = {}) { return actions.halt(this.group, part); }

  resume(part = {}, target = this.group) {
    return actions.confirmed(this.group, { action: "resume", target, parameters: part }, "Resume");
  }

  theme() {
    const root = document.documentElement;
    const isDark = getComputedStyle(root).colorScheme.includes("dark");
    root.dataset.theme = isDark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage may be off */ }
    this.view?.again?.();
  }

  async leave() {
    await api.post("/api/session/end", {}).catch(() => null);
    location.replace("/login");
  }

  key(event) {
    const isTyping = event.target.closest("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && event.key === "H") this.halt();
    else if (event.key === "?") this.help();
    else if (event.key.toLowerCase() === "t") this.theme();
    else {
      const found = VIEWS.find(([, , , key]) => key === event.key.toUpperCase());
      if (found) this.open(found[0]);
    }
  }

  help() {
    const dialog = byId("help");
    const keys = [...VIEWS.map(([, label, , key]) => [key, label]), ["Shift+H", "Halt, at once"],
      ["T", "Light or dark"], ["Enter", "Open the row in focus"], ["?", "This list"]];
    actions.show(dialog, this.group, h("div", {}, h("h2", { id: "help-title" }, "Keys"),
      h("dl", {}, keys.flatMap(([key, what]) => [h("dt", {}, h("code", {}, key)), h("dd", {}, what)])),
      h("div", { class: "row" }, h("button", { type: "button", onclick: () => dialog.close() },
        "Close"))));
  }
}

async function begin() {
  const { role } = await api.session();
  actions.setRole(role);
  byId("leave").title = `Log out (${role})`;
  const page = new Page();
  window.addEventListener("pagehide", () => page.stream.source?.close());
  page.go();
  page.tick();
}

begin().catch((refused) => {
  const lost = byId("lost");
  lost.hidden = false;
  setText(lost, refused.message);
});
