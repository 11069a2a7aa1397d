// Charts by uPlot: the day's curve, and an instrument's price with its entries and exits.
import { h } from "./dom.js";
import { number } from "./format.js";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const hour = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

// Times of an axis: seconds where it shows less than ten minutes.
function times(plot, ticks) {
  const { min, max } = plot.scales.x;
  return ticks.map(max - min < 600 ? utc : hour);
}

export class Chart {
  constructor({ label, height = 240, fill = false, markers = false, digits = 2, empty }) {
    this.empty = h("p", { class: "empty" }, empty);
    this.element = h("div", { class: "chart is-empty" }, this.empty);
    this.options = { label, height, fill, markers, digits };
    this.data = [[], []];
    this.marks = [];
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(this.element);
  }

  fit() {
    const width = this.element.clientWidth;
    if (!width) return;
    if (!this.plot) this.draw(width);
    else if (width !== this.plot.width) this.plot.setSize({ width, height: this.options.height });
  }

  draw(width) {
    const { label, height, fill, digits } = this.options;
    const axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
      font: "11px system-ui, sans-serif",
    };
    const line = colour("--accent");
    this.plot = new window.uPlot({
      width, height,
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { live: true },
      cursor: { drag: { x: true, y: false } },
      scales: { x: { time: true } },
      axes: [{ ...axis, space: 70, values: (plot, ticks) => times(plot, ticks) }, { ...axis, size: 74, values: (_, ticks) => ticks.map((v) => number(v, 0, 6)) }],
      series: [
        { label: "UTC", value: (_, v) => (v === null ? "–" : utc(v)) },
        {
          label, stroke: line, width: 1.6, fill: fill ? `${line}22` : undefined,
          points: { show: false },
          value: (_, v) => (v === null ? "–" : number(v, digits, digits)),
        },
      ],
      hooks: { draw: [(plot) => this.drawMarks(plot)] },
    }, this.data, this.element);
  }

  drawMarks(plot) {
    if (!this.options.markers) return;
    const { ctx } = plot;
    ctx.save();
    for (const { second, price, side } of this.marks) {
      const x = plot.valToPos(second, "x", true);
      const y = plot.valToPos(price, "y", true);
      const { left, top, width, height } = plot.bbox;
      if (x < left || x > left + width || y < top || y > top + height) continue;
      const size = 6 * devicePixelRatio;
      const up = side === "BUY" ? 1 : -1;
      ctx.fillStyle = colour(side === "BUY" ? "--up" : "--down");
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x - size * 0.7, y + up * size * 1.5);
      ctx.lineTo(x + size * 0.7, y + up * size * 1.5);
      ctx.closePath();
      ctx.fill();
    }
    ctx.restore();
  }

  set(points, marks = []) {
    this.data = [points.map(([x]) => x), points.map(([, y]) => Number(y))];
    this.marks = marks;
    this.empty.hidden = points.length > 0;
    this.element.classList.toggle("is-empty", !points.length);
    if (this.plot) this.plot.setData(this.data);
    else this.fit();
  }

  again() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.fit();
  }

  close() {
    this.watcher.disconnect();
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }
}
