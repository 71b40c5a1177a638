// What the person does, sent to the server: one trigger at a time, with this browser's key and a growing counter.

const KEY = "dklab-browser";
const COUNTER = "dklab-counter";
const APART = 80; // ms between two triggers, so that one never overwrites another before it was sent

const memory = new Map(); // stands in where the browser forbids storage

function read(name) {
  try {
    return window.localStorage.getItem(name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

function write(name, value) {
  memory.set(name, value);
  try {
    window.localStorage.setItem(name, value);
  } catch {
    // A private window: the key then lasts as long as the page.
  }
}

/** The random key that names this browser: a run obeys the browser that started it. */
export function browserKey() {
  let key = read(KEY);
  if (!key) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    write(KEY, key);
  }
  return key;
}

function nextCounter() {
  const next = (Number.parseInt(read(COUNTER) ?? "0", 10) || 0) + 1;
  write(COUNTER, String(next));
  return next;
}

/** Queues what is done; `send(act)` hands one act to the server. */
export class Acts {
  constructor(send) {
    this.send = send;
    this.queue = [];
    this.busy = false;
  }

  do(what, more = {}) {
    this.queue.push({ do: what, ...more, browser: browserKey(), counter: nextCounter() });
    if (!this.busy) this.next();
  }

  next() {
    const act = this.queue.shift();
    this.busy = act !== undefined;
    if (!this.busy) return;
    this.send(act);
    window.setTimeout(() => this.next(), APART);
  }
}
