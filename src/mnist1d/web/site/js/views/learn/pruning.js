/** Exercise 2: remove weights, the smallest or at random, and train the rest again. */

import { Chart, percent } from "../../chart.js";
import { experiment } from "./experiment.js";
import { inTurn, Trial } from "./trials.js";

const SHARES = [0, 0.3, 0.5, 0.65, 0.75, 0.83, 0.88]; // of the weights, removed after each round
const TRAINING = { models: ["mlp"], steps: 1000 };
const NEAR = 0.05; // difference below which accuracies count as about the same

export const pruning = {
  title: "A pruned network",
  mount({ page }, settle) {
    const chart = new Chart({
      title: "Test accuracy of a pruned MLP",
      xLabel: "weights removed (%)",
      yLabel: "test accuracy",
    });
    const found = { small: [], random: [] };
    const draw = () => {
      const line = (how, name, style) => ({
        name,
        style,
        points: found[how],
        isDashed: how === "random",
      });
      const series = [line("small", "smallest", "mlp"), line("random", "random", "human")];
      chart.update({ series, references: [], xMax: 100 });
    };
    draw();

    async function run(tell) {
      const rounds = (how) => async () => {
        const trial = new Trial(page.site.templates, page.scene.plain, TRAINING);
        found[how] = [];
        for (const share of SHARES) {
          const { test } = await (share ? trial.prune(share, how) : trial.run());
          found[how].push([100 * share, test]);
          tell(
            `${found.small.length + found.random.length} of ${2 * SHARES.length} training runs done.`,
          );
          draw();
        }
        trial.close();
      };
      await inTurn(["small", "random"].map(rounds));
      const [full, pruned, random] = [found.small[0], found.small.at(-1), found.random.at(-1)].map(
        ([, test]) => test,
      );
      const change = pruned - full;
      const right = change < -NEAR ? 0 : change > NEAR ? 2 : 1;
      const text =
        `Full network ${percent(full)}, pruned ${percent(pruned)}; with as many weights removed ` +
        `at random, ${percent(random)}.`;
      return { right, text };
    }

    const elements = experiment(
      {
        text:
          "Train the MLP, remove its smallest weights, reset the others to their initial values, " +
          "and train again: six rounds, until 88% are removed.",
        question: "How does the final test accuracy compare with that of the full network?",
        options: ["more than 5 percentage points lower", "about the same", "more than 5 percentage points higher"],
        button: "Train and prune",
        chart,
        run,
        lesson:
          "12% of the weights are enough, if they are the right ones: a winning ticket. Removing " +
          "as many weights at random costs accuracy. Pruning finds what the network needs.",
      },
      settle,
    );
    return { elements };
  },
};
