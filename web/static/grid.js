// A table of rows by their keys: only what differs is drawn again.
import { h, setClass, setText } from "./dom.js";

const HEADS = { num: "num", middle: "middle", "num middle": "num middle" };

// A column: { name, value(row, key) -> text, kind: "num" | "text" | "wide", tone(row) -> class,
//             node(row, key) -> element, same(row) -> text (what the element depends on) }
// With `stacks` a phone has each row in lines, and what is wide in one of its own.
export class Grid {
  constructor(columns, { empty = "Nothing yet.", onrow = null, label = "",
    stacks = false } = {}) {
    this.columns = columns;
    this.rows = new Map();
    this.onrow = onrow;
    this.body = h("tbody");
    this.empty = h("p", { class: "empty" }, empty);
    const heads = columns.map((c) => h("th", { class: HEADS[c.kind] || "", scope: "col" }, c.name));
    this.table = h("table", { "aria-label": label || null, class: stacks ? "stack" : null },
      h("thead", {}, h("tr", {}, heads)), this.body);
    this.element = h("div", { class: "scroll", tabindex: "0" }, this.table, this.empty);
  }

  show(entries) {
    const seen = new Set();
    let place = this.body.firstChild;
    for (const [key, row] of entries) {
      seen.add(key);
      const line = this.rows.get(key) || this.add(key);
      this.fill(line, row, key);
      if (line.element !== place) this.body.insertBefore(line.element, place);
      else place = place.nextSibling;
    }
    for (const [key, line] of this.rows) {
      if (!seen.has(key)) {
        line.element.remove();
        this.rows.delete(key);
      }
    }
    this.empty.hidden = seen.size > 0;
    this.table.hidden = seen.size === 0;
  }

  add(key) {
    const cells = this.columns.map((column) => h("td", { class: column.kind || "" }));
    const element = h("tr", {}, cells);
    const line = { element, cells, same: [], row: null };
    if (this.onrow) {
      element.classList.add("opens");
      element.tabIndex = 0;
      const open = () => this.onrow(line.row, key);
      element.addEventListener("click", (event) => {
        if (!event.target.closest("button")) open();
      });
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target === element) open();
      });
    }
    this.rows.set(key, line);
    return line;
  }

  fill(line, row, key) {
    line.row = row;
    this.columns.forEach((column, place) => {
      const cell = line.cells[place];
      if (column.node) {
        const same = column.same ? column.same(row, key) : JSON.stringify(row);
        if (line.same[place] === same) return;
        line.same[place] = same;
        cell.replaceChildren(column.node(row, key) || "");
        return;
      }
      setText(cell, column.value(row, key));
      if (column.tone) setClass(cell, `${column.kind || ""} ${column.tone(row)}`.trim());
    });
  }
}

export const newest = (rows, by = "ts_ns") =>
  [...rows].sort(([, a], [, b]) => (b[by] || 0) - (a[by] || 0));
