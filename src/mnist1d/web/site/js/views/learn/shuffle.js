/** Step 5: the same signals with shuffled points: the CNN loses accuracy, the MLP does not, and the reader
 * loses accuracy too. */

import { percent } from "../../chart.js";
import { h } from "../../dom.js";
import { Answering } from "./answering.js";
import { Contest, plainRace } from "./contest.js";
import { moral, Question } from "./question.js";
import { ownLine } from "./race.js";

const ROWS = [40, 41, 42, 43, 44]; // of the test set
const MODELS = ["logistic", "mlp", "cnn"];
const POINT = 0.01;

export const shuffle = {
  title: "Shuffle the points",
  mount(lesson, settle) {
    const { page, shared } = lesson;
    const contest = new Contest(page, "Three models, points shuffled; dashed: in order");
    const told = moral(
      "The CNN's lead came only from the order of the points. A prior helps where " +
        "it is true and hurts where it is not. The MLP never used the order, so it loses nothing.",
    );
    const answering = new Answering(page, ROWS, true, (score) => {
      const before = shared.score
        ? `, after ${shared.score.correct} of ${shared.score.n} in order`
        : "";
      own.textContent = `You: ${score.correct} of ${score.n} shuffled${before}.`;
      contest.references = ownLine(score);
      if (contest.race) contest.draw(contest.series);
      answering.listen(false);
    });
    const own = h("p", { role: "status" });
    const press = h(
      "button",
      { class: "button primary", type: "button", id: "learn-shuffle", disabled: true },
      "Shuffle and train again",
    );
    const question = new Question({
      text: "Which model loses the most accuracy?",
      isPrediction: true,
      options: ["logistic regression", "MLP", "CNN", "none of them"],
      press,
      onAnswer() {
        press.disabled = false;
        press.focus();
      },
    });
    press.addEventListener("click", async () => {
      press.disabled = true;
      question.wait("Training. Meanwhile, classify five shuffled signals yourself.");
      yours.hidden = false;
      answering.start();
      answering.listen(true);
      const { results: before, curves } = await plainRace(lesson, contest);
      contest.before = curves;
      const results = await contest.run({ ...page.scene.plain, shuffle_seq: true });
      const losses = MODELS.map((name) => before[name] - results[name]);
      const most = losses.indexOf(Math.max(...losses));
      const right = losses[most] > 5 * POINT ? most : 3;
      const parts = MODELS.map(
        (name, i) =>
          `${question.buttons[i].textContent} ${percent(before[name])} → ${percent(results[name])}`,
      );
      question.reveal(right, `${parts.join(", ")}.`);
      told.hidden = false;
      settle();
    });
    const yours = h("div", { class: "card yours" }, answering.element, own);
    yours.hidden = true;
    const text =
      "Now the forty points of every signal are permuted, in the same way for all signals. No number is " +
      "lost; only the order changes.";
    return {
      elements: [
        h("p", {}, text),
        question.element,
        contest.element,
        yours,
        told,
      ],
      shown: () => answering.listen(!yours.hidden && answering.given.length < ROWS.length),
      hidden() {
        answering.listen(false);
        if (contest.race?.isDone) contest.stop();
      },
    };
  },
};
