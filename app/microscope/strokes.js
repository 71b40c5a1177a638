// From strokes to what a network sees. No page is needed here, only numbers.
// A stroke is a list of points [x, y] in units of the pad's side, y downwards.

export const SIDE = 8; // cells a side
const BLOCK = 4; // pixels a side of a cell
const FINE = SIDE * BLOCK;
const PEN = 0.16 * FINE; // width of a stroke, in pixels
// In the data digits are about equally wide, so a drawing is stretched a little, and pressed as far as it must be.
const STRETCH = 1.15; // at most so much wider than it was drawn
const WIDEST = 0.75; // never wider than this share of its height
const LEAST = 0.3; // what is lower than this share of the pad is not blown up to a whole digit

/**
 * The picture that the networks see, made as their data were: the drawing fills the height, stands in the middle, is
 * traced with a thick pen on 32 x 32 pixels, and the inked pixels of every block of 4 x 4 are counted.
 * Float64Array(64), row by row, in sixteenths from 0 to 1; all zero where nothing was drawn.
 */
export function cellsOf(strokes) {
  const cells = new Float64Array(SIDE * SIDE);
  trace(fit(strokes)).forEach((inked, pixel) => {
    const [row, column] = [Math.floor(pixel / FINE), pixel % FINE];
    cells[Math.floor(row / BLOCK) * SIDE + Math.floor(column / BLOCK)] += inked / BLOCK ** 2;
  });
  return cells;
}

/** The strokes in pixels: as high as the grid with half a pen's width to spare on every side, in the middle. */
function fit(strokes) {
  const points = strokes.flat();
  const [left, right] = bounds(points, 0);
  const [top, bottom] = bounds(points, 1);
  const tall = (FINE - PEN) / Math.max(bottom - top, LEAST);
  const wide = Math.min(STRETCH * tall, (FINE * WIDEST - PEN) / Math.max(right - left, 1e-9));
  const place = ([x, y]) => [(x - (left + right) / 2) * wide + FINE / 2, (y - (top + bottom) / 2) * tall + FINE / 2];
  return strokes.map((stroke) => stroke.map(place));
}

function bounds(points, axis) {
  let [least, most] = [Infinity, -Infinity];
  for (const point of points) {
    least = Math.min(least, point[axis]);
    most = Math.max(most, point[axis]);
  }
  return [least, most];
}

/** Which pixels have their centre within half a pen's width of a stroke: 0 or 1 for each of the 32 x 32. */
function trace(strokes) {
  const pixels = new Uint8Array(FINE * FINE);
  for (const stroke of strokes) {
    stroke.forEach((point, at) => line(pixels, stroke[Math.max(at - 1, 0)], point));
  }
  return pixels;
}

function line(pixels, from, to) {
  const first = (axis) => Math.max(Math.floor(Math.min(from[axis], to[axis]) - PEN / 2), 0);
  const last = (axis) => Math.min(Math.ceil(Math.max(from[axis], to[axis]) + PEN / 2), FINE);
  for (let row = first(1); row < last(1); row++) {
    for (let column = first(0); column < last(0); column++) {
      if (squaredDistance(column + 0.5, row + 0.5, from, to) <= (PEN / 2) ** 2) pixels[row * FINE + column] = 1;
    }
  }
}

/** From a point to the nearest of a line between two others. */
function squaredDistance(x, y, [fromX, fromY], [toX, toY]) {
  const [across, down] = [toX - fromX, toY - fromY];
  const squared = across ** 2 + down ** 2;
  const along = squared ? Math.min(Math.max(((x - fromX) * across + (y - fromY) * down) / squared, 0), 1) : 0;
  return (x - fromX - along * across) ** 2 + (y - fromY - along * down) ** 2;
}
