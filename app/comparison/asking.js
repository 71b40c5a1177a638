// Asking the server for a part of the comparison: the newest question wins, what was answered is remembered.

const KEEP = 300;
const AGAIN = 3000; // ms until what could not be answered is asked again

export class Asking {
  /** `arrived(answer)` for the newest question; `trouble(sentence | null)` says why there is no answer. */
  constructor(part, { arrived, trouble }) {
    Object.assign(this, { part, arrived, trouble });
    this.known = new Map();
  }

  /** Ask with these parameters, as the log stands at `mark`. */
  async ask(query, mark) {
    const question = `${query}#${mark}`;
    if (question === this.question) return;
    this.question = question;
    this.under?.abort();
    const asking = (this.under = new AbortController());
    try {
      const answer = this.known.get(question) ?? (await fetched(this.part, query, asking.signal));
      this.remember(question, answer);
      if (question !== this.question) return;
      this.trouble(null);
      this.arrived(answer);
    } catch (error) {
      if (error.name === "AbortError" || question !== this.question) return;
      this.question = null;
      this.trouble(error.message);
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.question ?? this.ask(query, mark), AGAIN);
    }
  }

  remember(question, answer) {
    if (this.known.size >= KEEP) this.known.delete(this.known.keys().next().value);
    this.known.set(question, answer);
  }

  close() {
    window.clearTimeout(this.timer);
    this.question = null;
    this.under?.abort();
  }
}

async function fetched(part, query, signal) {
  const answer = await fetch(`/lab/compare/${part}.json?${query}`, { signal }).catch((error) => {
    throw error.name === "AbortError" ? error : new Error("The server does not answer.");
  });
  const content = await answer.json().catch(() => ({}));
  // A refusal is an answer too: it says why these two cannot be compared.
  if (answer.status === 409) return { refused: content.error };
  if (!answer.ok) throw new Error(content.error ?? `The server answered ${answer.status}.`);
  return content;
}
