/** Ten signals on the screen, unanswered or with their corrections. */

import { h } from "../../dom.js";
import { LENGTH, TEN } from "../../model/quiz.js";
import { SignalPlot } from "./plots.js";

export const LAYOUTS = { line: "line over time", tall: "time downward, as in the paper" };
const KEYS = "Keys: 0 to 9 to answer, arrows to move, Backspace to undo, Enter to check.";

const button = (id, text, act, style = "button") =>
  h("button", { class: style, type: "button", id: `quiz-${id}`, onclick: act }, text);

/** The view of a state. `acts` are what a reader does: select(i), give(digit), hand(), goOn(),
 * stop(), again(), takeLayout(name).
 */
export class Ten {
  constructor(state, test, layout, acts) {
    Object.assign(this, { state, test, layout, acts });
    this.isOpen = state.phase === "answering";
    this.cards = state.current.map((_, i) => this.card(i));
    const cards = this.cards.map(({ element }) => element);
    this.grid = h("div", { class: "quiz-ten", dataset: { layout } }, cards);
    const done = state.answers.length;
    const title = this.isOpen ? `Signals ${done + 1} to ${done + TEN}` : `${this.right} of ${TEN} correct`;
    this.heading = h("h3", { tabindex: -1, id: "quiz-heading" }, title);
    const parts = this.isOpen ? this.pad() : this.afterwards();
    this.elements = [this.top(done), this.grid, ...parts];
  }

  get right() {
    const isRight = ({ index, answer }) => this.test.y[index] === answer;
    return this.state.current.filter(isRight).length;
  }

  top(done) {
    const place = `${done} of ${LENGTH}${this.state.shuffled ? ", shuffled" : ""}`;
    const props = { max: LENGTH, value: done, "aria-label": "Signals answered" };
    const select = h(
      "select",
      { id: "quiz-layout", onchange: () => this.acts.takeLayout(select.value) },
      Object.entries(LAYOUTS).map(([name, text]) => h("option", { value: name }, text)),
    );
    select.value = this.layout;
    return h(
      "div",
      { class: "row quiz-top" },
      this.heading,
      h("span", { class: "note num" }, place),
      h("progress", props),
      h("label", { class: "row" }, "Layout", select),
    );
  }

  card(i) {
    const { index } = this.state.current[i];
    const plot = new SignalPlot(this.layout);
    plot.update(this.test.signal(index, this.state.shuffled), `Signal ${i + 1} of these ten`);
    const label = h("span", { class: "quiz-answer num" });
    const parts = [h("span", { class: "quiz-number" }, `${i + 1}`), plot.svg, label];
    const props = { class: "quiz-card", dataset: { slot: i } };
    const select = () => this.acts.select(i);
    const element = this.isOpen
      ? h("button", { ...props, type: "button", onclick: select, onfocus: select }, parts)
      : h("div", props, parts);
    return { element, label, plot };
  }

  /** Buttons for the digits, and for handing in ten answers. */
  pad() {
    const digits = Array.from({ length: 10 }, (_, digit) => {
      const act = () => this.acts.give(digit);
      const props = { class: "button", type: "button", "aria-label": `Answer ${digit}` };
      return h("button", { ...props, onclick: act }, `${digit}`);
    });
    this.handIn = button("check", "Check answers", () => this.acts.hand(), "button primary");
    this.chosen = h("span", { class: "note", id: "quiz-chosen" });
    const other = this.state.answers.length
      ? this.stopButton()
      : button("again", "Start over", () => this.acts.again());
    return [
      h(
        "div",
        { class: "quiz-pad quiz-answering" },
        h("div", { class: "quiz-digits", role: "group", "aria-label": "Digits" }, digits),
        h("div", { class: "row" }, this.handIn, this.chosen),
      ),
      h("div", { class: "row" }, other, h("span", { class: "note quiz-keys" }, KEYS)),
    ];
  }

  afterwards() {
    const isLast = this.state.answers.length >= LENGTH;
    const text = isLast ? "Show my score" : "Next ten";
    const on = button("next", text, () => this.acts.goOn(), "button primary");
    return [h("div", { class: "row quiz-pad" }, on, isLast ? null : this.stopButton())];
  }

  stopButton() {
    return button("stop", "Stop and show my score", () => this.acts.stop());
  }

  /** Show the answers of a state, and which signal is chosen. */
  update(state, slot) {
    this.state = state;
    state.current.forEach((given, i) => {
      if (this.isOpen) this.showAnswer(this.cards[i], given.answer, i === slot);
      else this.correct(this.cards[i], given);
    });
    if (!this.isOpen) return;
    const left = state.current.filter(({ answer }) => answer === null).length;
    this.handIn.disabled = left > 0;
    this.chosen.textContent = left
      ? `Signal ${slot + 1}: which digit? ${left} to go.`
      : "You have answered all ten: check them, or change an answer.";
  }

  showAnswer({ element, label }, answer, isChosen) {
    element.setAttribute("aria-pressed", String(isChosen));
    label.textContent = answer ?? "?";
  }

  correct({ element, label, plot }, { index, answer }) {
    const digit = this.test.y[index];
    const isRight = digit === answer;
    element.dataset.right = isRight ? "yes" : "no";
    label.textContent = isRight ? `✓ ${digit}` : `✗ ${answer}, was ${digit}`;
    plot.mark(this.test.presence(index, this.state.shuffled));
  }

  /** How many cards fit in a row at this width. */
  get columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }
}
