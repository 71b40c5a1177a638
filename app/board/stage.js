// What stays fixed in a run: pictures, labels, the teacher's logits. Fetched once; pictures are cut from one sheet.

/** Fetch the stage of a run and its sheet of pictures. Rejects with a sentence for people. */
export async function loadStage(url, signal) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`The pictures of this run could not be loaded (${answer.status}).`);
  const facts = await answer.json();
  const sheet = facts.pictures_url ? await loadImage(facts.pictures_url) : null;
  return new Stage(facts, sheet);
}

function loadImage(url) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Error("The sheet of pictures could not be loaded."));
    image.src = url;
  });
}

export class Stage {
  constructor(facts, sheet) {
    Object.assign(this, facts);
    this.sheet = sheet;
    this.inked = null;
  }

  /** What the students of a seed hear: stage rows and the labels they are told (-1: withheld). */
  heard(seed) {
    return this.transfer[seed] ?? { rows: [], labels: [] };
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
