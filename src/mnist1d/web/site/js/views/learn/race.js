/** Step 4: predict who wins, then race. */

import { h } from "../../dom.js";
import { Contest, shown } from "./contest.js";
import { moral, Question } from "./question.js";

const MODELS = ["logistic", "mlp", "cnn"];
const NAMES = ["logistic regression", "MLP", "CNN"];

export const race = {
  title: "Who wins?",
  mount(lesson, settle) {
    const { page, shared } = lesson;
    const contest = new Contest(page, "Three models on the published set");
    const told = moral(
      "The CNN was told before training what you know too: neighbouring points belong together, " +
        "and a shape means the same everywhere. That is a spatial prior. The MLP, with three times " +
        "as many weights, has to learn it from 4,000 examples.",
    );
    const question = new Question({
      text: "Which model reads most of 1,000 new signals correctly?",
      isPrediction: true,
      options: NAMES,
      async onAnswer() {
        question.wait("Training, in your browser …");
        contest.references = ownLine(shared.score);
        const results = await contest.run(page.scene.plain);
        const order = MODELS.toSorted((a, b) => (results[b] ?? -1) - (results[a] ?? -1));
        const right = MODELS.indexOf(order[0]);
        const rest = order.slice(1).map((m) => `${NAMES[MODELS.indexOf(m)]} ${shown(results[m])}`);
        const winner = `${NAMES[right]} ${shown(results[order[0]])}`;
        question.reveal(right, `${winner}, ${rest.join(", ")}.`);
        [shared.plain, shared.ghosts] = [results, contest.ghosts];
        told.hidden = false;
        settle();
      },
    });
    const facts = [
      ["logistic", "Logistic regression", "one weight per point and class (410)"],
      ["mlp", "MLP", "a hundred units that see all points at once (15,210 weights)"],
      ["cnn", "CNN", "five neighbouring points at a time, the same weights everywhere (5,210)"],
    ].map(([style, name, text]) =>
      h("li", {}, h("strong", { class: `model ${style}` }, name), `: ${text}`),
    );
    return {
      elements: [
        h(
          "p",
          {},
          "Three models train on 4,000 signals. Choose your favourite, and the race starts.",
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
