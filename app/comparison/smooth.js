// Smoothing of curves: an exponential moving average that is not pulled to zero at its beginning.

import { numbers } from "../board/tables.js";

/**
 * Debiased exponential moving average: last = s·last + (1 − s)·x, shown as last / (1 − s^t), t counting the values so
 * far. What is no number stays a gap and is not counted.
 */
export function debiased(values, smoothing) {
  let last = 0;
  let count = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    last = smoothing * last + (1 - smoothing) * value;
    count += 1;
    return last / (1 - smoothing ** count);
  });
}

/** A figure without the hidden entries, and with smooth means bold over faint raw ones. No other number changes. */
export function arranged(figure, { hidden, smoothing = 0 }) {
  const seen = (part) => !hidden.has(part.meta?.entry ?? part.name);
  const data = figure.data.filter(seen).flatMap((trace) => {
    if (!smoothing || trace.meta?.kind !== "mean") return [trace];
    const raw = {
      ...trace,
      opacity: 0.4,
      hoverinfo: "skip",
      hovertemplate: undefined,
      line: { ...trace.line, width: 1 },
    };
    return [raw, { ...trace, name: `${trace.name}, smoothed`, y: debiased(numbers(trace.y), smoothing) }];
  });
  const layout = { ...figure.layout };
  for (const part of ["annotations", "shapes"]) if (layout[part]) layout[part] = layout[part].filter(seen);
  return { ...figure, data, layout };
}
