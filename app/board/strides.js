// The keys of a time line: how many kept steps each goes, forwards or back.

const STRIDES = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -8,
  PageUp: 8,
  Home: -9999,
  End: 9999,
};

/** The stride of a key that a time line takes, which the page then does not get; 0 for any other. */
export function stride(event) {
  const by = STRIDES[event.key] ?? 0;
  if (by) event.preventDefault();
  return by;
}
