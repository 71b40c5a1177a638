// What stays fixed in a run: pictures, labels, the teacher's logits. Fetched once; pictures are cut from one sheet.

import { numbers } from "./tables.js";

const AGAIN = 3000; // ms until what could not be loaded is asked for again

/** Holds the stage of the run that is shown, and asks again if it could not be loaded. */
export class StageKeeper {
  /** `arrived(stage)` once for every run; `trouble(sentence | null)` says what is wrong, or that it is over. */
  constructor({ arrived, trouble }) {
    Object.assign(this, { arrived, trouble });
    this.url = null;
    this.stage = null;
  }

  async want(url) {
    if (!url || url === this.url) return;
    this.close();
    this.url = url;
    const asking = (this.asking = new AbortController());
    try {
      const stage = await loadStage(url, asking.signal);
      if (url !== this.url) return;
      this.stage = stage;
      this.trouble(null);
      this.arrived(this.stage);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.trouble(error.message);
      this.timer = window.setTimeout(() => this.again(url), AGAIN);
    }
  }

  stageOf(url) {
    return url && url === this.url && this.stage?.url === url ? this.stage : null;
  }

  again(url) {
    this.url = null;
    this.want(url);
  }

  close() {
    this.asking?.abort();
    window.clearTimeout(this.timer);
  }
}

/** Fetch the stage of a run and its sheet of pictures. Rejects with a sentence for people. */
async function loadStage(url, signal) {
  const answer = await fetch(url, { signal }).catch((error) => {
    throw error.name === "AbortError"
      ? error
      : new Error("The server does not answer, so the pictures of this run are missing.");
  });
  if (!answer.ok) throw new Error(`The pictures of this run could not be loaded (${answer.status}).`);
  const facts = await answer.json();
  const sheet = facts.pictures_url ? await loadImage(facts.pictures_url) : null;
  if (signal.aborted) throw new DOMException("another run is shown", "AbortError");
  return new Stage(url, facts, sheet);
}

function loadImage(url) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Error("The sheet of pictures could not be loaded."));
    image.src = url;
  });
}

class Stage {
  constructor(url, facts, sheet) {
    Object.assign(this, facts);
    this.url = url;
    this.sheet = sheet;
    this.inked = null;
  }

  /** What the students of a seed hear: stage rows and the labels they are told (-1: withheld). */
  heard(seed) {
    return this.transfer[seed] ?? { rows: [], labels: [] };
  }

  /** What its examples are: "pictures", "points" in a plane, or "examples" that are numbers alone. */
  get kind() {
    if (this.points) return "points";
    return this.sheet ? "pictures" : "examples";
  }

  /** The chart of the teacher's points, which never move, with a ring around those of this row. */
  teacherEmbedding(row) {
    if (!this.embedding || row === this.ringed) return this.ringedEmbedding;
    this.ringed = row;
    const points = this.embedding.data.slice(0, -1);
    const ring = { ...this.embedding.data.at(-1), x: [], y: [] };
    for (const { customdata, x, y } of points) {
      const at = numbers(customdata).indexOf(row);
      if (at >= 0) [ring.x, ring.y] = [[numbers(x)[at]], [numbers(y)[at]]];
    }
    this.ringedEmbedding = { ...this.embedding, data: [...points, ring] };
    return this.ringedEmbedding;
  }

  /** Redraw the sheet as ink on nothing, so that pictures sit on the page in either theme. */
  ink([red, green, blue]) {
    if (!this.sheet) return;
    const canvas = document.createElement("canvas");
    canvas.width = this.sheet.naturalWidth;
    canvas.height = this.sheet.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.sheet, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    const bytes = pixels.data;
    for (let i = 0; i < bytes.length; i += 4) {
      bytes[i + 3] = (bytes[i] + bytes[i + 1] + bytes[i + 2]) / 3;
      [bytes[i], bytes[i + 1], bytes[i + 2]] = [red, green, blue];
    }
    context.putImageData(pixels, 0, 0);
    this.inked = `url("${canvas.toDataURL("image/png")}")`;
  }

  /** Show picture `row` in `node`, `side` pixels high. */
  picture(node, row, side) {
    if (!this.inked) return;
    const [height, width] = this.shape;
    const zoom = side / height;
    const style = node.style;
    style.width = `${width * zoom}px`;
    style.height = `${side}px`;
    style.backgroundImage = this.inked;
    style.backgroundSize = `${this.columns * width * zoom}px auto`;
    style.backgroundPosition = `${-(row % this.columns) * width * zoom}px ${-Math.floor(row / this.columns) * side}px`;
  }
}
