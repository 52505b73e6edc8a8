/** The ideal observer on the page's side: questions to a worker, which answers them in order. */

export class ObserverLine {
  constructor(templates) {
    this.templates = templates;
    this.numbers = 0;
    this.asked = new Map(); // by number: {resolve, reject}
  }

  open() {
    this.worker = new Worker(new URL("./engine/observerworker.js", import.meta.url), {
      type: "module",
    });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.close(event.message || "the worker could not be loaded");
    };
  }

  ask(act, given) {
    const isNew = !this.worker;
    if (isNew) this.open();
    const number = this.numbers++;
    const templates = isNew ? this.templates : null;
    return new Promise((resolve, reject) => {
      this.asked.set(number, { resolve, reject });
      this.worker.postMessage({ act, number, templates, ...given });
    });
  }

  hear({ number, error, ...content }) {
    const waiting = this.asked.get(number);
    this.asked.delete(number);
    if (error) waiting?.reject(new Error(error));
    else waiting?.resolve(content);
  }

  /** Class probabilities of raw signals, one array per signal. */
  async shares(config, signals) {
    return (await this.ask("shares", { config, signals })).shares;
  }

  /** The highest possible accuracy, measured on `count` fresh signals. */
  async ceiling(config, count, seed = 0) {
    return (await this.ask("ceiling", { config, count, seed })).accuracy;
  }

  /** End the worker; open questions fail, and the next question starts a new worker. */
  close(reason = "the ideal observer was stopped") {
    this.worker?.terminate();
    this.worker = null;
    for (const { reject } of this.asked.values()) reject(new Error(reason));
    this.asked.clear();
  }
}

/** Ask one question at a time, always the newest: while an answer is pending, later questions
 * replace each other. `act(question)` returns a promise; `told(question, answer, error)` gets the
 * answers that are still wanted. */
export class Newest {
  constructor(act, told) {
    Object.assign(this, { act, told, isBusy: false, next: null });
  }

  async ask(question) {
    this.next = question;
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.next) {
      const now = this.next;
      this.next = null;
      let [answer, problem] = [null, null];
      try {
        answer = await this.act(now);
      } catch (error) {
        problem = error;
      }
      if (!this.next) this.told(now, answer, problem);
    }
    this.isBusy = false;
  }
}
