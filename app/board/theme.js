// Colours are named once, in board.css. Figures carry the names ("--student/0.2"); here they become colours.

const TOKEN = /^--([a-z0-9-]+?)(?:\/([\d.]+))?$/;

/**
 * The colours, the type and the lines that hold now; `refresh()` tells if they changed. `unit` is 1 where the body is
 * 15 px; `stroke` is how much thicker lines are for a room.
 */
export class Theme {
  constructor(root) {
    this.root = root;
    this.known = new Map();
    this.ground = null;
    this.family = null;
    this.unit = 1;
    this.stroke = 1;
  }

  refresh() {
    const style = getComputedStyle(this.root);
    const { backgroundColor: ground, fontFamily: family } = style;
    const unit = parseFloat(style.fontSize) / 15;
    const stroke = Number(style.getPropertyValue("--stroke")) || 1;
    const same = ground === this.ground && family === this.family && unit === this.unit && stroke === this.stroke;
    if (same) return false;
    this.ground = ground;
    this.family = family;
    this.unit = unit;
    this.stroke = stroke;
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
    if (this.stroke === 1) return copy;
    if (copy.margin) copy.margin = { ...copy.margin, l: copy.margin.l * this.unit, b: copy.margin.b * this.unit };
    if (copy.line?.width) copy.line = { ...copy.line, width: copy.line.width * this.stroke };
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
