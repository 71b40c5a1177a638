// Which entries hold what is sought. No page, only words.

/** Small letters without accents. */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The names of the entries that hold every word, move what is asked for and need it ("only logits": nothing else). */
export function found(entries, { words, moves, needs }) {
  const parts = words.split(/\s+/).filter(Boolean);
  const fits = (entry) => !needs || (needs === "alone" ? entry.alone : entry.needs.includes(needs));
  return entries
    .filter((entry) => (!moves || entry.family === moves) && fits(entry))
    .filter((entry) => parts.every((part) => entry.words.includes(part)))
    .map((entry) => entry.name);
}
