/** A few test signals, one after the other; the reader answers each with a digit. */

import { h } from "../../dom.js";
import { keepScore } from "../../storage.js";
import { examples, SignalPlot } from "../quiz/plots.js";

/** {element, start()}: shows `rows` of the test set, in order or shuffled, and calls
 * onDone({n, correct}) after the last; then all of them with the answers. */
export class Answering {
  constructor(page, rows, isShuffled, onDone) {
    Object.assign(this, { page, rows, isShuffled, onDone, given: [] });
    this.element = h("div", { class: "answering" });
    this.keys = (event) => this.onKey(event);
  }

  async start() {
    if (this.test) return;
    this.test = await this.page.test();
    this.plot = new SignalPlot("line", "wide");
    this.count = h("p", { class: "note num", role: "status" });
    const pad = Array.from({ length: 10 }, (_, digit) =>
      h(
        "button",
        {
          class: "button",
          type: "button",
          "aria-label": `Answer ${digit}`,
          onclick: () => this.give(digit),
        },
        `${digit}`,
      ),
    );
    const digits = h("div", { class: "quiz-digits", role: "group", "aria-label": "Digits" }, pad);
    const help = examples(this.test, "line", this.isShuffled);
    const asked = h("div", { class: "answering-signal" }, this.count, this.plot.svg, digits);
    this.element.replaceChildren(h("div", { class: "answering-open" }, asked, help));
    this.ask();
  }

  listen(isOn) {
    document[isOn ? "addEventListener" : "removeEventListener"]("keydown", this.keys);
  }

  onKey(event) {
    const isDigit = /^[0-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isDigit || event.target.closest("input, select, textarea")) return;
    this.give(Number(event.key));
    event.preventDefault();
  }

  ask() {
    const i = this.given.length;
    this.count.textContent = `Signal ${i + 1} of ${this.rows.length}`;
    this.plot.update(this.test.signal(this.rows[i], this.isShuffled), `Signal ${i + 1}`);
  }

  give(digit) {
    if (!this.test || this.given.length >= this.rows.length) return;
    this.given.push(digit);
    if (this.given.length < this.rows.length) this.ask();
    else this.finish();
  }

  finish() {
    const labels = this.rows.map((row) => this.test.y[row]);
    const correct = labels.filter((label, i) => label === this.given[i]).length;
    const n = labels.length;
    keepScore(this.isShuffled ? "shuffled" : "plain", { n, correct });
    const cards = this.rows.map((row, i) => {
      const plot = new SignalPlot("line");
      plot.update(this.test.signal(row, this.isShuffled), `Signal ${i + 1}, a ${labels[i]}`);
      plot.mark(this.test.presence(row, this.isShuffled));
      const isRight = labels[i] === this.given[i];
      const text = isRight ? `✓ ${labels[i]}` : `✗ ${this.given[i]}, was ${labels[i]}`;
      const answer = h("span", { class: "quiz-answer num" }, text);
      return h(
        "div",
        { class: "quiz-card", dataset: { right: isRight ? "yes" : "no" } },
        plot.svg,
        answer,
      );
    });
    const heading = h(
      "p",
      { class: "score", role: "status" },
      `You classified ${correct} of ${n} correctly.`,
    );
    this.element.replaceChildren(heading, h("div", { class: "quiz-ten" }, cards));
    this.onDone({ n, correct });
  }
}
