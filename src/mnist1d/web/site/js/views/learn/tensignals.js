/** Step 3: the reader answers ten test signals. */

import { h } from "../../dom.js";
import { Answering } from "./answering.js";
import { moral } from "./question.js";

const ROWS = Array.from({ length: 10 }, (_, i) => 20 + i); // of the test set

export const tenSignals = {
  title: "Your turn: ten signals",
  mount(lesson, settle) {
    const told = moral(
      "You looked for a shape and did not care where it was. Nobody had to teach you that; you " +
        "already knew it. Such knowledge is called a prior.",
    );
    const answering = new Answering(lesson.page, ROWS, false, (score) => {
      lesson.shared.score = score;
      told.hidden = false;
      answering.listen(false);
      settle();
    });
    const text =
      "Ten signals that no model was trained on. Which digit is in each? Guess quickly; humans " +
      "reach 96% after some practice.";
    return {
      elements: [h("p", {}, text), answering.element, told],
      shown() {
        answering.start();
        answering.listen(answering.given.length < ROWS.length);
      },
      hidden: () => answering.listen(false),
    };
  },
};
