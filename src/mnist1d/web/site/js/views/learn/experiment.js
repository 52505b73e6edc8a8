/** What the exercises share: a question, a button that runs the experiment, a chart, a verdict. */

import { h } from "../../dom.js";
import { moral, Question } from "./question.js";

/** The elements of an exercise. `run(tell)` does the experiment and returns {right, text}: the
 * number of the right answer, and the result in words. */
export function experiment({ text, question: asked, options, button, chart, run, lesson }, settle) {
  const told = moral(lesson);
  const status = h("p", { class: "note", role: "status" });
  const act = async () => {
    press.disabled = true;
    try {
      const { right, text: found } = await run((now) => (status.textContent = now));
      status.textContent = "";
      question.reveal(right, found);
      told.hidden = false;
      settle();
    } catch (error) {
      status.textContent = `The experiment stopped: ${error.message}. Press the button to try again.`;
      press.disabled = false;
    }
  };
  const press = h(
    "button",
    { class: "button primary experiment", type: "button", onclick: act },
    button,
  );
  press.disabled = true;
  const question = new Question({
    text: asked,
    options,
    isPrediction: true,
    press,
    onAnswer: () => {
      press.disabled = false;
      press.focus();
    },
  });
  return [h("p", {}, text), question.element, status, chart.element, told];
}
