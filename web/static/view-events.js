// Events as they come, by time and type; and the way of a fill or an order, as a picture.
import * as api from "./api.js";
import { h, panel, svg } from "./dom.js";
import { clock, micros, moment } from "./format.js";
import { Grid, newest } from "./grid.js";

const STEP = 58;

export class Events {
  constructor(page, about) {
    this.page = page;
    this.live = true;
    this.grid = new Grid([
      { name: "Time", value: (e) => clock(e.ts_ns, 4), kind: "mono" },
      { name: "By", value: (e) => e.source },
      { name: "Event", value: (e) => e.event },
      { name: "What", value: (e) => e.text, kind: "wide" },
    ], { empty: "No event.", label: "Events", stacks: true,
      onrow: (row) => {
        const id = row.exec_id || row.intent_id;
        if (id) page.open("events", id);
      } });
    const field = (name, placeholder) =>
      h("input", { name, placeholder, type: "text", "aria-label": placeholder, size: 16 });
    this.form = h("form", { class: "filters", onsubmit: (event) => this.search(event) },
      field("type", "type: order., risk."), field("since", "from: -10m or a time"),
      field("to", "to: a time"), h("button", { class: "small", type: "submit" }, "Search"),
      h("button", { class: "small", type: "button", onclick: () => this.follow() }, "Live"));
    this.note = h("span", { class: "muted" }, "live");
    this.trace = h("div", {});
    this.element = h("div", { class: "grid" }, h("div", { class: "w12" }, this.trace),
      panel("Events", this.grid.element, h("div", { class: "filters" }, this.note, this.form),
        "w12"));
    if (about) this.follow1(about);
  }

  update(dirty) {
    if (this.live && (dirty.has("*") || dirty.has("events"))) {
      this.grid.show(newest(this.page.table("events")));
    }
  }

  async search(event) {
    event.preventDefault();
    this.live = false;
    const given = { ...Object.fromEntries(new FormData(this.form)), limit: 1000 };
    try {
      const found = await api.read(this.page.group, "events", given);
      this.grid.show(newest(found.map((e) => [`${e.source}/${e.seq}`, e])));
      this.note.textContent = `${found.length} found`;
    } catch (refused) {
      this.note.textContent = refused.message;
    }
  }

  follow() {
    this.live = true;
    this.note.textContent = "live";
    this.update(new Set(["*"]));
  }

  async follow1(id) {
    const found = await api.read(this.page.group, "trace", { id }).catch((refused) => refused);
    const shown = found instanceof Error ? h("p", { class: "pad bad" }, found.message) : way(found);
    const close = h("button", { class: "small", type: "button",
      onclick: () => this.page.open("events") }, "Close");
    this.trace.replaceChildren(panel("The way of an order", shown, close));
  }
}

// A line of steps from the tick down to the commission, with the time between two of them.
function way(trace) {
  const height = trace.steps.length * STEP + 24;
  const parts = [svg("line", { class: "line", x1: 168, x2: 168, y1: 28, y2: height - 44 })];
  trace.steps.forEach((step, place) => {
    const y = 28 + place * STEP;
    parts.push(svg("circle", { class: "dot", cx: 168, cy: y, r: 5 }));
    parts.push(text(152, y + 4, clock(step.ts_ns, 4), "dim", "end"));
    parts.push(text(186, y, step.name, "", "start"));
    parts.push(text(186, y + 17, `${step.source}  ${step.detail}`, "dim", "start"));
    if (step.us !== null) parts.push(text(152, y - STEP / 2 + 4, `+${micros(step.us)}`, "span", "end"));
  });
  const picture = svg("svg", { class: "way", viewBox: `0 0 900 ${height}`, role: "img" }, parts);
  picture.setAttribute("aria-label", `${trace.steps.length} steps in ${micros(trace.total_us)}`);
  const about = [trace.symbol, trace.strategy, trace.intent_id, trace.exec_id].filter(Boolean);
  return h("div", { class: "pad" }, h("p", {}, h("b", {}, `${micros(trace.total_us)} in all`),
    `, from ${moment(trace.steps[0]?.ts_ns)}. `, h("span", { class: "muted" }, about.join(" · "))),
  picture);
}

function text(x, y, content, name, anchor) {
  const element = svg("text", { x, y, class: name, "text-anchor": anchor });
  element.textContent = content;
  return element;
}
