// The numbers behind a chart, as a plain table: made on demand, from the figure itself.

import { el } from "./dom.js";

const ROWS = 400;

/** Rows (the first is the head) from any Plotly figure of ours: lines, points, matrices. */
export function figureTable(figure) {
  const traces = figure.data.filter(
    (trace) => trace.hoverinfo !== "skip" || trace.z || /seed|interval/.test(trace.name ?? ""),
  );
  const matrix = traces.find((trace) => trace.z);
  if (matrix) return matrixTable(matrix, figure.layout);
  if (traces.some((trace) => trace.mode === "markers")) return pointTable(traces);
  return lineTable(traces, figure.layout);
}

function matrixTable({ x, y, z }, layout) {
  const rows = z.map((row) => Array.from(row));
  const columns = x ?? layout?.xaxis?.ticktext ?? rows[0].map((_, k) => k);
  const names = y ?? layout?.yaxis?.ticktext ?? rows.map((_, k) => k);
  return [["class", ...columns], ...rows.slice(0, ROWS).map((row, k) => [names[k], ...row.map(written)])];
}

function pointTable(traces) {
  const rows = traces
    .filter((trace) => trace.hoverinfo !== "skip" && trace.x)
    .flatMap((trace) => numbers(trace.x).map((x, k) => [trace.name, written(x), written(numbers(trace.y)[k])]));
  return [["class", "x", "y"], ...rows.slice(0, ROWS)];
}

function lineTable(traces, layout) {
  const lines = traces.filter((trace) => trace.x && trace.hoverinfo !== "skip");
  const columns = lines.map((trace) => new Map(numbers(trace.x).map((x, k) => [x, numbers(trace.y)[k]])));
  const longest = columns.reduce((most, column) => (column.size > most.size ? column : most), new Map());
  const ticks = layout?.xaxis;
  // On a log axis of step + 1 the ticks say what is meant.
  const shift = ticks?.ticktext && String(ticks.tickvals[0]) !== String(ticks.ticktext[0]) ? 1 : 0;
  const head = [ticks?.title?.text || "x", ...lines.map((trace) => trace.name)];
  const body = [...longest.keys()]
    .slice(0, ROWS)
    .map((x) => [
      written(x - shift),
      ...columns.map((column, k) =>
        written(column.get(x) ?? (lines[k].x.length === 2 ? numbers(lines[k].y)[0] : null)),
      ),
    ]);
  return [head, ...body];
}

function written(value) {
  if (value === null || value === undefined || value === "") return "";
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : value;
}

const TYPES = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
};

/** A trace's numbers, whether they came as a list or as Plotly's base64 of a typed array. */
export function numbers(values) {
  if (!values?.bdata) return values ?? [];
  const bytes = Uint8Array.from(atob(values.bdata), (letter) => letter.charCodeAt(0));
  return Array.from(new TYPES[values.dtype.replace(/[<>|]/, "")](bytes.buffer));
}

/** An accessible table element from rows; scrolls inside its panel. */
export function tableElement(rows, title) {
  const [head, ...body] = rows;
  const cell = (tag, text, scope) => el(tag, { scope }, String(text ?? ""));
  return el(
    "table",
    {},
    el("caption", { class: "unseen" }, title),
    el("thead", {}, el("tr", {}, ...head.map((text) => cell("th", text, "col")))),
    el(
      "tbody",
      {},
      ...body.map(([first, ...rest]) =>
        el("tr", {}, cell("th", first, "row"), ...rest.map((text) => cell("td", text))),
      ),
    ),
  );
}
