// Colours are named once, in board.css. Figures carry the names ("--student/0.2"); here they become colours.

const TOKEN = /^--([a-z0-9-]+?)(?:\/([\d.]+))?$/;

/** The colours and the type that hold now (`unit` is 1 where the body is 15 px); `refresh()` tells if they changed. */
export class Theme {
  constructor(root) {
    this.root = root;
    this.known = new Map();
    this.ground = null;
    this.family = null;
    this.unit = 1;
  }

  refresh() {
    const { backgroundColor: ground, fontFamily: family, fontSize } = getComputedStyle(this.root);
    const unit = parseFloat(fontSize) / 15;
    if (ground === this.ground && family === this.family && unit === this.unit) return false;
    this.ground = ground;
    this.family = family;
    this.unit = unit;
    this.root.dataset.theme = luminance(ground) < 0.4 ? "dark" : "light";
    this.known.clear();
    return true;
  }

  color(name) {
    if (!this.known.has(name)) this.known.set(name, this.read(name));
    return this.known.get(name);
  }

  read(name) {
    const [, base, opacity] = TOKEN.exec(name) ?? [];
    const value = base && getComputedStyle(this.root).getPropertyValue(`--${base}`).trim();
    if (!value) return name;
    return opacity === undefined ? value : withOpacity(value, Number(opacity));
  }

  /** A copy of a figure's part in which every token is a colour. Long arrays of numbers are passed on untouched. */
  resolve(part) {
    if (typeof part === "string") return part.startsWith("--") ? this.color(part) : part;
    if (Array.isArray(part)) {
      return typeof part[0] === "number" && part.length > 2 ? part : part.map((item) => this.resolve(item));
    }
    if (part === null || typeof part !== "object") return part;
    const copy = {};
    for (const key in part) copy[key] = this.resolve(part[key]);
    return copy;
  }
}

export function channels(color) {
  if (color.startsWith("#")) {
    const hex = color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join("") : color.slice(1);
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }
  return (color.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

function withOpacity(color, opacity) {
  return `rgba(${channels(color).join(",")},${opacity})`;
}

function luminance(color) {
  const [red, green, blue] = channels(color).map((channel) => (channel / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
