/** Step 4: predict who wins, then race. */

import { percent } from "../../chart.js";
import { h } from "../../dom.js";
import { Contest, plainRace } from "./contest.js";
import { moral, Question } from "./question.js";

const MODELS = ["logistic", "mlp", "cnn"];
const NAMES = ["logistic regression", "MLP", "CNN"];

export const race = {
  title: "Who wins?",
  mount(lesson, settle) {
    const { page, shared } = lesson;
    const contest = new Contest(page, "Three models on the published set");
    const told = moral(
      "The CNN knows before training what you know too: neighbouring points belong together, " +
        "and a shape means the same everywhere. That is a spatial prior. The MLP, with three times " +
        "as many weights, has to learn it from 4,000 examples.",
    );
    const question = new Question({
      text: "Which model is the most accurate on 1,000 new signals?",
      isPrediction: true,
      options: NAMES,
      async onAnswer() {
        question.wait("Training in your browser …");
        contest.references = ownLine(shared.score);
        const { results } = await plainRace(lesson, contest);
        const order = MODELS.toSorted((a, b) => results[b] - results[a]);
        const found = order.map((m) => `${NAMES[MODELS.indexOf(m)]} ${percent(results[m])}`);
        question.reveal(MODELS.indexOf(order[0]), `${found.join(", ")}.`);
        told.hidden = false;
        settle();
      },
    });
    const facts = [
      ["logistic", "Logistic regression", "one weight per point and class (410)"],
      ["mlp", "MLP", "two layers of a hundred units that see all points at once (15,210 weights)"],
      ["cnn", "CNN", "five neighbouring points at a time, the same weights everywhere (5,210)"],
    ].map(([style, name, text]) =>
      h("li", {}, h("strong", { class: `model ${style}` }, name), `: ${text}`),
    );
    return {
      elements: [
        h(
          "p",
          {},
          "Three models train on 4,000 signals. Choose a winner to start the race.",
        ),
        h("ul", { class: "facts" }, facts),
        question.element,
        contest.element,
        told,
      ],
      hidden: () => contest.race?.isDone && contest.stop(),
    };
  },
};

/** The reader's own score as a line to compare with. */
export const ownLine = (score) =>
  score
    ? [{ name: `you ${score.correct}/${score.n}`, style: "you", y: score.correct / score.n }]
    : [];
