// A page on paper: one file that needs no script and no network, with the figures of a component as drawings.

import { el, mark } from "./dom.js";
import { numbers } from "./tables.js";
import { Theme } from "./theme.js";

const PAPER =
  "position:fixed;left:-9999px;min-height:0;background:#fff;--st-background-color:#fff;--u:1px;font-size:15px;" +
  "font-family:Helvetica,Arial,sans-serif";
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"; // no script, no network

/** Hand a text to the person as a file. */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  el("a", { href: url, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A whole HTML page as text. */
export function pageOf(title, style, parts) {
  const page = document.implementation.createHTMLDocument(title);
  page.documentElement.lang = "en";
  page.head.append(
    el("meta", { charset: "utf-8" }),
    el("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    el("meta", { name: "viewport", content: "width=device-width" }),
    el("style", {}, style),
  );
  page.body.append(...parts);
  return `<!doctype html>\n${page.documentElement.outerHTML}\n`;
}

/** What `draw(printed)` gives: `printed` are the same charts in light colours, whatever the theme is. */
export async function onPaper(plots, draw) {
  if (!plots.plotly) throw new Error("the drawing library is not here yet.");
  const paper = el("div", { class: "dk", style: PAPER });
  document.body.append(paper);
  const theme = new Theme(paper);
  theme.refresh();
  try {
    return await draw(Object.create(plots, { theme: { value: theme } }));
  } finally {
    paper.remove();
  }
}

/** One figure as an SVG element; points that the page draws with WebGL are drawn as vectors too. */
export async function drawing(printed, figure, { width, height }) {
  const layout = printed.layout(figure, width, height);
  for (const axis of [layout.xaxis, layout.yaxis]) axis.automargin = true;
  if (figure.data.some((trace) => trace.mode === "markers")) {
    // On the page the legend stands beside the pictures; on paper each has its own.
    const longest = Math.max(...figure.data.filter(named).map((trace) => trace.name.length));
    const under = layout.xaxis.showticklabels === false ? 0 : -0.2; // below what stands at the axis
    const legend = { orientation: "h", y: under, yanchor: "top", font: { size: 10 }, entrywidth: 6 + 6 * longest };
    Object.assign(layout, { showlegend: true, legend: { ...legend, itemwidth: 30, tracegroupgap: 0 } });
  }
  const data = printed.data(figure).map((trace) => (trace.z ? trace : vector(trace)));
  const text = await printed.plotly.toImage({ data, layout }, { format: "svg", width, height, imageDataOnly: true });
  const image = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  mark(image, "role", "img");
  return image;
}

function vector(trace) {
  return { ...trace, type: "scatter", x: numbers(trace.x), y: numbers(trace.y), showlegend: named(trace) };
}

/** Does a trace stand in the legend? A ring around one point does not. */
function named(trace) {
  return trace.showlegend ?? Boolean(trace.name && numbers(trace.x).length > 1);
}

export function section(title, ...parts) {
  return el("section", {}, el("h2", {}, title), ...parts);
}

/** A QR code, given as SVG, that stands in the page itself. */
export function codeImage(code) {
  return el("img", { src: `data:image/svg+xml;base64,${btoa(code)}`, alt: "QR code of the link", class: "qr" });
}

/** An answer of the server; rejects with its own sentence. */
export async function asked(url) {
  const answer = await fetch(url).catch(() => {
    throw new Error("the server does not answer.");
  });
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({}));
  throw new Error(error ?? `the server said ${answer.status}.`);
}
