// A sweep: the heat map of two parameters, or the curve of one; with walk-forward the joined equity.

const FORMATS = { share: percent, ratio: (value) => number(value), amount: (value) => number(value), count: (value) => number(value, 0) };
const LOWER_IS_BETTER = new Set(["max_drawdown", "volatility"]);
const BEST = "best"; // in place of a value: the best run of all values of that parameter
const CELL_TEXT_PX = 44;

const swept = DATA.parameters.map((one, n) => ({ ...one, n })).filter((one) => one.values.length > 1);
const chosen = {
  span: 0, figure: DATA.figures.findIndex((one) => one.name === DATA.rank),
  x: swept[0] ? swept[0].n : 0, y: swept[1] ? swept[1].n : null, fixed: {},
};
let shown = [];

// ---- which runs are drawn ------------------------------------------------------------------------

/** The best of the runs that fall on each place of the map, by "x,y". */
function cellsOf() {
  const cells = new Map(), { figure } = DATA.figures[chosen.figure] ? chosen : { figure: 0 };
  for (const [places, figures, error] of DATA.spans[chosen.span].runs) {
    const others = Object.entries(chosen.fixed).filter(([n]) => Number(n) !== chosen.x && Number(n) !== chosen.y);
    if (others.some(([n, value]) => value !== BEST && places[n] !== Number(value))) continue;
    const key = `${places[chosen.x]},${chosen.y == null ? 0 : places[chosen.y]}`;
    const value = error ? null : figures[figure], before = cells.get(key);
    if (!before || before.value == null || (value != null && isBetter(value, before.value))) cells.set(key, { places, figures, error, value });
  }
  return cells;
}

function isBetter(a, b) {
  return LOWER_IS_BETTER.has(DATA.figures[chosen.figure].name) ? a < b : a > b;
}

function told({ places, figures, error }) {
  const parameters = DATA.parameters.map((one, n) => `${one.name}=${one.values[places[n]]}`).join("  ");
  const known = DATA.figures.map((one, n) => [one, figures[n]]).filter(([, value]) => value != null);
  const lines = known.map(([one, value]) => `${one.label}  ${FORMATS[one.kind](value)}`);
  return [parameters, ...lines, ...(error ? [error] : [])].join("\n");
}

// ---- colours -------------------------------------------------------------------------------------

/** From a value to its colour: gains and losses where there are both, else from pale to strong. */
function scaleOf(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const bad = LOWER_IS_BETTER.has(DATA.figures[chosen.figure].name);
  if (low < 0 && high > 0) {
    const most = Math.max(-low, high);
    return (value) => faded(colour(value < 0 ? "loss" : "gain"), 8 + 82 * Math.abs(value) / most);
  }
  const ink = bad || high <= 0 ? "loss" : "gain";
  const share = (value) => (high === low ? 0.5 : (value - low) / (high - low));
  return (value) => faded(colour(ink), 8 + 82 * (high <= 0 && !bad ? 1 - share(value) : share(value)));
}

// ---- drawing -------------------------------------------------------------------------------------

/** An axis of places, each with its value's text where there is room. */
function placeAxis(values, look, text) {
  return {
    ...look, grid: { show: false }, size: look.size ?? 28, splits: (chart, axis) => {
      const room = axis === 0 ? chart.bbox.width / (devicePixelRatio || 1) / 46 : chart.bbox.height / (devicePixelRatio || 1) / 18;
      const step = Math.max(1, Math.ceil(values.length / Math.max(room, 1)));
      return values.map((_, n) => n).filter((n) => n % step === 0);
    },
    values: (_, splits) => splits.map((n) => values[n] ?? ""), label: text, labelSize: 20, labelFont: look.font,
  };
}

function ranged(values) {
  return { time: false, range: () => [-0.5, values.length - 0.5] };
}

/** What lies under the pointer. */
function cellAt(chart, cells) {
  const { left, top } = chart.cursor, y = chosen.y == null ? 0 : Math.round(chart.posToVal(top, "y"));
  return cells.get(`${Math.round(chart.posToVal(left, "x"))},${y}`);
}

function drawHeat() {
  const cells = cellsOf(), xs = DATA.parameters[chosen.x];
  const values = [...cells.values()].map((one) => one.value).filter((value) => value != null);
  drawSpread(values);
  if (!values.length) return void place("heat").append(element("p", "No run went well."));
  const ys = chosen.y == null ? null : DATA.parameters[chosen.y];
  const format = FORMATS[DATA.figures[chosen.figure].kind], look = axes(format);
  const best = [...cells.values()].filter((one) => one.value != null).reduce((a, b) => (isBetter(b.value, a.value) ? b : a));
  const points = xs.values.map((_, n) => cells.get(`${n},0`)?.value ?? null);
  const options = {
    width: place("heat").clientWidth, height: ys ? heatHeight(ys.values.length) : 280, legend: { show: false }, padding: [10, 16, 0, 0],
    scales: { x: ranged(xs.values), y: ys ? ranged(ys.values) : {} },
    axes: [placeAxis(xs.values, look[0], xs.name), ys ? placeAxis(ys.values, look[1], ys.name) : look[1]],
    series: [{}, ys ? { stroke: "transparent", points: { show: false } } : { stroke: colour("equity"), width: 1.5, points: { show: true, size: 6, fill: colour("equity") } }],
    cursor: { x: false, y: false, drag: { x: false, y: false }, points: { show: false } },
    hooks: { draw: ys ? [(chart) => paint(chart, cells, best, scaleOf(values), format)] : [] },
  };
  const tip = addTip(place("heat"), options, (chart) => {
    const cell = cellAt(chart, cells);
    return cell ? told(cell) : "no run";
  });
  const chart = new uPlot(options, [xs.values.map((_, n) => n), ys ? xs.values.map(() => 0) : points], place("heat"));
  place("heat").append(tip);
  byFinger(chart);
  shown.push({ id: "heat", chart });
  const from = Math.min(...values), to = Math.max(...values);
  place("legend").textContent = `${DATA.figures[chosen.figure].label} from ${format(from)} to ${format(to)}; the best has a frame, \u00d7 is a run that failed. Point at one to see all of its figures.`;
}

function heatHeight(rows) {
  return Math.min(620, Math.max(220, 70 + rows * 26));
}

function paint(chart, cells, best, tint, format) {
  const { ctx } = chart, ratio = devicePixelRatio || 1;
  const edge = (value, scale) => chart.valToPos(value, scale, true);
  ctx.save();
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  for (const [key, cell] of cells) {
    const [x, y] = key.split(",").map(Number);
    const left = edge(x - 0.5, "x"), right = edge(x + 0.5, "x"), top = edge(y + 0.5, "y"), bottom = edge(y - 0.5, "y");
    const [width, height] = [right - left, bottom - top], gap = width > 8 * ratio ? ratio : 0;
    if (cell.value != null) {
      ctx.fillStyle = tint(cell.value);
      ctx.fillRect(left + gap / 2, top + gap / 2, width - gap, height - gap);
    }
    ctx.fillStyle = colour(cell.value == null ? "quiet" : "ink");
    const text = cell.value == null ? "\u00d7" : format(cell.value);
    if (height > 14 * ratio && (width > CELL_TEXT_PX * ratio || (cell.value == null && width > 8 * ratio))) ctx.fillText(text, left + width / 2, top + height / 2);
    if (cell === best) {
      ctx.strokeStyle = colour("ink");
      ctx.lineWidth = 2 * ratio;
      ctx.strokeRect(left + ratio, top + ratio, width - 2 * ratio, height - 2 * ratio);
    }
  }
  ctx.restore();
}

/** One finger on the map shows what is there. */
function byFinger(chart) {
  chart.over.addEventListener("pointerdown", (event) => {
    const box = chart.over.getBoundingClientRect();
    if (event.pointerType === "touch") chart.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
  });
}

function drawSpread(values) {
  if (values.length < 2) return;
  const low = Math.min(...values), high = Math.max(...values), bins = Math.min(40, Math.max(5, Math.floor(Math.sqrt(values.length))));
  const width = (high - low) / bins || Math.abs(high) || 1;
  const first = Math.floor(low / width), count = Math.floor(high / width) - first + 1;
  const edges = Array.from({ length: count + 1 }, (_, n) => (first + n) * width), counts = Array(count).fill(0);
  for (const value of values) counts[Math.min(count - 1, Math.floor(value / width) - first)] += 1;
  shown.push({ id: "spread", chart: histogram(place("spread"), { edges, counts }, FORMATS[DATA.figures[chosen.figure].kind]) });
}

function drawJoined() {
  if (!DATA.joined) return;
  const { t, equity, drawdown } = DATA.joined, linked = new Linked(t[0], t.at(-1));
  shown.push({ id: "equity", chart: timeChart(place("equity"), { linked, data: [t, equity], series: [{ label: "joined", ink: "equity" }], format: number, height: 280 }) });
  shown.push({ id: "drawdown", chart: drawdownChart(place("drawdown"), linked, t, drawdown) });
}

function drawAll() {
  for (const { chart } of shown) chart.destroy();
  shown = [];
  for (const id of ["heat", "spread", "equity", "drawdown"]) if (place(id)) place(id).replaceChildren();
  place("legend").textContent = "";
  drawJoined();
  if (DATA.figures.length) drawHeat();
  else place("heat").append(element("p", "No run went well."));
}

// ---- what a person chooses -----------------------------------------------------------------------

function choice(name, options, value, apply) {
  const label = element("label"), select = element("select");
  label.append(element("span", `${name} `, "quiet"), select);
  select.append(...options.map(([key, text]) => {
    const option = element("option", text);
    option.value = key;
    return option;
  }));
  select.value = String(value);
  select.onchange = () => {
    apply(select.value);
    drawChoices();
    drawAll();
  };
  return label;
}

function drawChoices() {
  const named = swept.map((one) => [one.n, one.name]), found = [];
  if (DATA.spans.length > 1) found.push(choice("Chosen on", DATA.spans.map((one, n) => [n, one.label]), chosen.span, (n) => { chosen.span = Number(n); }));
  found.push(choice("Figure", DATA.figures.map((one, n) => [n, one.label]), chosen.figure, (n) => { chosen.figure = Number(n); }));
  if (named.length > 2) {
    for (const axis of ["x", "y"]) {
      found.push(choice(axis === "x" ? "Across" : "Up", named, chosen[axis], (n) => {
        const other = axis === "x" ? "y" : "x";
        if (chosen[other] === Number(n)) chosen[other] = chosen[axis];
        chosen[axis] = Number(n);
      }));
    }
  }
  for (const one of swept) {
    if (one.n === chosen.x || one.n === chosen.y) continue;
    const values = [[BEST, "the best"], ...one.values.map((value, n) => [n, value])];
    found.push(choice(one.name, values, chosen.fixed[one.n] ?? BEST, (value) => { chosen.fixed[one.n] = value; }));
  }
  place("choices").replaceChildren(...found);
}

// ---- all of it -----------------------------------------------------------------------------------

chosen.figure = Math.max(0, chosen.figure);
drawChoices();
drawAll();
place("heat").setAttribute("role", "img");
place("heat").setAttribute("aria-label", "Each run's figure by its parameters; the best runs are in the table below");
new ResizeObserver(() => fit(shown)).observe(document.body);
DARK.addEventListener("change", drawAll);
NARROW.addEventListener("change", drawAll);
