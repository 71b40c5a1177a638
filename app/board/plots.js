// Plotly figures that are redrawn in place, each at the rate it needs. Nothing is ever mounted twice.

import { el, mark, show } from "./dom.js";
import { numbers } from "./tables.js";

const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, showTips: false, doubleClick: "reset" };
const AXIS = {
  gridcolor: "--grid",
  linecolor: "--line",
  tickcolor: "--line",
  tickfont: { color: "--muted" },
  zeroline: false,
};
const SMALL = 13;
const LOW = 220; // px
const MANY = 200; // from so many points on WebGL draws faster than SVG, even in software
const REST = 6; // a slower chart rests so many times as long as it took to draw; one that follows every snapshot, twice

let loading = null;

/** Plotly from our own server, once for the page. */
function loadPlotly() {
  loading ??= window.Plotly
    ? Promise.resolve(window.Plotly)
    : new Promise((done, failed) => {
        const script = el("script", { src: "/lab/plotly.min.js", async: true });
        script.onload = () => (window.Plotly ? done(window.Plotly) : failed(new Error("Plotly did not start.")));
        script.onerror = () =>
          failed(
            new Error("The drawing library could not be loaded, so charts are missing. Reload the page to try again."),
          );
        document.head.append(script);
      });
  return loading;
}

/** How long a chart rests between drawings: its own pace, longer where drawing is slow; another run at once. */
function pause(slot) {
  if (slot.wanted.layout?.uirevision !== slot.revision) return 0;
  return slot.every ? Math.min(Math.max(slot.every, slot.cost * REST), 3 * slot.every) : slot.cost * 2;
}

function due(slot) {
  return performance.now() - slot.last >= pause(slot);
}

const hasWebGL = (() => {
  let known = null;
  return () => (known ??= Boolean(document.createElement("canvas").getContext("webgl")));
})();

/** All charts of a board. Offer figures as they come; each slot draws them at its own pace, hidden ones not at all. */
export class Plots {
  constructor(theme, { ready, point, hover, unhover, failed }) {
    Object.assign(this, { theme, point, hover, unhover, failed });
    this.slots = new Map();
    this.plotly = null;
    this.seen = new IntersectionObserver((entries) => this.looked(entries), { rootMargin: "150px" });
    this.sized = new ResizeObserver((entries) => this.resized(entries));
    loadPlotly().then((plotly) => {
      this.plotly = plotly;
      ready();
      this.wake();
    }, failed);
  }

  /** A place for a chart; `every` is the least time in ms between two drawings. Returns its element. */
  slot(name, every) {
    const canvas = el("div", { class: "plot-canvas" });
    const cursor = el("div", { class: "cursor", hidden: true });
    const holder = el("div", { class: "plot", role: "img", "data-chart": name }, canvas, cursor);
    this.slots.set(name, {
      name,
      every,
      canvas,
      cursor,
      holder,
      wanted: null,
      drawn: null,
      last: 0,
      near: true,
      at: null,
      width: 0,
      height: 0,
      cost: 0,
    });
    this.seen.observe(holder);
    this.sized.observe(holder);
    return holder;
  }

  /** A newer figure for a slot; it is drawn when its turn comes. */
  offer(name, figure) {
    const slot = this.slots.get(name);
    if (!slot || !figure || figure === slot.wanted) return;
    slot.wanted = figure;
    this.wake();
  }

  figure(name) {
    return this.slots.get(name)?.wanted ?? null;
  }

  describe(name, text) {
    mark(this.slots.get(name).holder, "aria-label", text || name);
  }

  get waiting() {
    return [...this.slots.values()].filter((slot) => slot.wanted && slot.wanted !== slot.drawn && this.visible(slot));
  }

  /** Draw at once the charts that follow every snapshot. False while Plotly is still on its way. */
  now() {
    if (!this.plotly) return false;
    for (const slot of this.waiting) if (slot.every === 0 && due(slot)) this.draw(slot);
    return true;
  }

  wake() {
    if (this.frame || !this.plotly) return;
    this.frame = requestAnimationFrame(() => this.turn());
  }

  /** One animation frame: at most one of the slower charts, the one that has waited longest. */
  turn() {
    this.frame = null;
    this.now();
    const [next] = this.waiting.filter(due).sort((a, b) => a.last - b.last);
    if (next) this.draw(next);
    const left = this.waiting;
    if (!left.length) return;
    window.clearTimeout(this.timer);
    const wait = Math.min(...left.map((slot) => slot.last + pause(slot) - performance.now()));
    this.timer = window.setTimeout(() => this.wake(), Math.max(wait, 16));
  }

  visible(slot) {
    return slot.near && slot.width > 20; // a hidden chart has no width
  }

  draw(slot) {
    const figure = slot.wanted;
    const text = JSON.stringify(figure);
    slot.drawn = figure;
    const began = (slot.last = performance.now());
    const { width, height } = slot;
    const size = `${width}x${height}`;
    if (text === slot.text && size === slot.size && !slot.stale) return;
    Object.assign(slot, { text, size, stale: false, revision: figure.layout?.uirevision });
    const first = !slot.canvas.classList.contains("js-plotly-plot");
    try {
      this.plotly.react(slot.canvas, this.data(figure), this.layout(figure, width, height), CONFIG);
    } catch (error) {
      this.failed(new Error(`The chart "${slot.name}" could not be drawn.`, { cause: error }));
      return;
    }
    if (first) this.listen(slot);
    else slot.cost += 0.3 * (performance.now() - began - slot.cost);
    this.placeCursor(slot);
  }

  data(figure) {
    const data = this.theme.resolve(figure.data);
    const points = data.filter((trace) => trace.mode === "markers");
    const many = points.reduce((sum, trace) => sum + numbers(trace.x).length, 0) >= MANY;
    const type = many && hasWebGL() && !data.some((trace) => trace.z) ? "scattergl" : "scatter";
    return data.map((trace) => (points.includes(trace) ? { ...trace, type } : trace)); // one kind: WebGL covers SVG
  }

  get small() {
    return Math.round(SMALL * this.theme.unit);
  }

  layout(figure, width, height) {
    const given = figure.layout ?? {};
    const layout = {
      margin: { l: 44, r: 14, t: 6, b: 32 },
      hovermode: "closest",
      ...given,
      width,
      height,
      autosize: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: this.theme.family, size: this.small, color: "--ink" },
      hoverlabel: {
        bgcolor: "--paper",
        bordercolor: "--line",
        font: { family: this.theme.family, size: this.small + 1, color: "--ink" },
      },
      legend: { tracegroupgap: 0, ...given.legend, bgcolor: "--paper/0.85", font: { size: this.small + 1 } },
    };
    if (window.matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
    for (const key of new Set(["xaxis", "yaxis", ...Object.keys(given).filter((name) => /^[xy]axis\d*$/.test(name))])) {
      layout[key] = {
        ...AXIS,
        ...given[key],
        title: { ...given[key]?.title, font: { size: this.small, color: "--muted" } },
      };
    }
    if (height < LOW && layout.xaxis.tickangle) {
      // Slanted names need more room than a low matrix has: its rows alone name the classes.
      layout.xaxis.showticklabels = false;
      Object.assign(layout.yaxis, { tickangle: 0, tickfont: { size: 11, color: "--muted" } });
      layout.margin = { ...layout.margin, b: 6 };
    }
    return this.theme.resolve(layout);
  }

  listen(slot) {
    const row = (event) => event.points?.map((point) => point.customdata).find((value) => Number.isInteger(value));
    slot.canvas.on("plotly_click", (event) => row(event) !== undefined && this.point(row(event)));
    slot.canvas.on("plotly_hover", (event) => row(event) !== undefined && this.hover(row(event), event.event));
    slot.canvas.on("plotly_unhover", () => this.unhover());
    slot.canvas.on("plotly_relayout", () => this.placeCursor(slot));
  }

  /** A line across a chart at this place on its x axis; null takes it away. No redrawing. */
  cursor(name, at) {
    const slot = this.slots.get(name);
    slot.at = at;
    this.placeCursor(slot);
  }

  placeCursor(slot) {
    const axis = slot.canvas._fullLayout?.xaxis;
    const height = slot.canvas._fullLayout?.yaxis?._length;
    show(slot.cursor, slot.at !== null && Boolean(axis?.d2p));
    if (slot.cursor.hidden) return;
    const x = axis._offset + Math.min(Math.max(axis.d2p(slot.at), 0), axis._length);
    slot.cursor.style.transform = `translateX(${x.toFixed(1)}px)`;
    slot.cursor.style.top = `${slot.canvas._fullLayout.yaxis._offset}px`;
    slot.cursor.style.height = `${height}px`;
  }

  /** Everything again, for new colours or a tab just opened. */
  refresh() {
    for (const slot of this.slots.values()) {
      slot.stale = true;
      slot.drawn = null;
      slot.last = 0;
    }
    this.wake();
  }

  looked(entries) {
    for (const entry of entries) this.of(entry.target).near = entry.isIntersecting;
    this.wake();
  }

  resized(entries) {
    for (const entry of entries) {
      const slot = this.of(entry.target);
      slot.width = Math.floor(entry.contentRect.width);
      slot.height = Math.floor(entry.contentRect.height);
      slot.drawn = null;
      slot.last = 0;
    }
    this.wake();
  }

  of(holder) {
    return this.slots.get(holder.dataset.chart);
  }

  close() {
    this.seen.disconnect();
    this.sized.disconnect();
    cancelAnimationFrame(this.frame);
    window.clearTimeout(this.timer);
    for (const { canvas } of this.slots.values()) this.plotly?.purge(canvas);
  }
}

/** The figure as it was when its x axis had come this far: for playing a finished run again. */
export function upTo(figure, end) {
  const data = figure.data.map((trace) => {
    const x = numbers(trace.x);
    if (trace.z || x.length <= 2) return trace;
    const y = numbers(trace.y);
    const keep = [...x.keys()].filter((k) => x[k] === null || x[k] <= end);
    return { ...trace, x: keep.map((k) => x[k]), y: keep.map((k) => y[k]) };
  });
  return { ...figure, data };
}
