/** A multiple-choice question; the right answer is shown after the reader chooses. */

import { h } from "../../dom.js";

/** {element, reveal(right, text)}: `onAnswer(i)` gets the choice, once; reveal marks the right
 * answer and explains it. `figure` is the subject of the question, `press` the button that runs the
 * experiment. */
export class Question {
  constructor({ text, options, onAnswer, figure, press, isPrediction = false }) {
    Object.assign(this, { chosen: null, isPrediction });
    this.buttons = options.map((option, i) =>
      h(
        "button",
        { class: "button option", type: "button", onclick: () => this.choose(i) },
        option,
      ),
    );
    this.onAnswer = onAnswer;
    this.feedback = h("p", { class: "feedback", role: "status" });
    const legend = h("legend", {}, text);
    const row = h("div", { class: "options-row" }, this.buttons);
    const answering = h("div", {}, row, press, this.feedback);
    const asked = h("div", { class: "asked" }, figure, answering);
    this.element = h("fieldset", { class: "question card" }, legend, asked);
  }

  choose(i) {
    if (this.chosen !== null) return;
    this.chosen = i;
    this.buttons.forEach((button, j) => {
      button.setAttribute("aria-pressed", String(j === i));
      button.setAttribute("aria-disabled", "true");
    });
    this.onAnswer(i);
  }

  reveal(right, text) {
    const isRight = right === this.chosen;
    this.buttons[right].dataset.right = "yes";
    if (!isRight) this.buttons[this.chosen].dataset.right = "no";
    this.feedback.dataset.right = isRight ? "yes" : "no";
    this.feedback.replaceChildren(h("strong", {}, this.verdict(isRight)), ` ${text}`);
  }

  verdict(isRight) {
    if (this.isPrediction) return isRight ? "✓ As you predicted." : "✗ Not as you predicted.";
    return isRight ? "✓ Right." : "✗ Not quite.";
  }

  wait(text) {
    this.feedback.textContent = text;
  }
}

/** Why a step matters: shown once its question is answered. */
export function moral(text) {
  const element = h("aside", { class: "moral" }, h("strong", {}, "Why it matters. "), text);
  element.hidden = true;
  return element;
}
