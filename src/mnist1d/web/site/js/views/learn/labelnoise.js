/** Exercise 1: label noise, and the test loss of wider and wider nets. */

import { Chart, count } from "../../chart.js";
import { experiment } from "./experiment.js";
import { inTurn, Trial } from "./trials.js";

const WIDTHS = [2, 4, 8, 12, 16, 24, 32, 48, 64, 100];
const DATA = { num_samples: 2000, train_split: 0.25 }; // 500 training signals
const TRAINING = { models: ["mlp"], steps: 3000, labelNoise: { rate: 0.15, seed: 0 } };
const FITTED = 0.99; // training accuracy above which a net fits its labels, including the wrong ones

export const labelNoise = {
  title: "Wrong labels and wider networks",
  mount({ page }, settle) {
    const chart = new Chart({
      title: "Test loss against the number of hidden units",
      xLabel: "hidden units per layer",
      yLabel: "test loss (cross-entropy, nats)",
      xLog: true,
      format: (loss) => loss.toFixed(1),
    });
    const found = new Map(); // by width
    const draw = () => {
      const widths = WIDTHS.filter((width) => found.has(width));
      const points = widths.map((width) => [width, found.get(width).testLoss]);
      const most = Math.max(5, ...points.map(([, loss]) => loss));
      const fits = WIDTHS.find((width) => found.get(width)?.train >= FITTED);
      const marks = fits ? [{ name: "fits all labels", x: fits }] : [];
      const series = [{ name: "MLP", style: "mlp", points }];
      chart.update({ series, references: [], marks, xMax: WIDTHS.at(-1), yMax: 1.1 * most });
      return fits;
    };
    draw();

    async function run(tell) {
      const config = { ...page.scene.plain, ...DATA };
      const tasks = WIDTHS.map((width) => async () => {
        const trial = new Trial(page.site.templates, config, { ...TRAINING, width });
        found.set(width, await trial.run());
        trial.close();
        tell(`${found.size} of ${WIDTHS.length} networks trained.`);
        draw();
      });
      await inTurn(tasks.reverse());
      const fits = draw();
      const losses = WIDTHS.map((width) => found.get(width).testLoss);
      const peak = losses.indexOf(Math.max(...losses));
      const right = peak === 0 ? 0 : peak === WIDTHS.length - 1 ? 2 : 1;
      const text =
        `Test loss peaks at ${losses[peak].toFixed(1)} with ${WIDTHS[peak]} hidden units. ` +
        (fits ? `The smallest network that fits every training label has ${fits}. ` : "") +
        `With ${count(WIDTHS.at(-1))} hidden units the loss is ${losses.at(-1).toFixed(1)}.`;
      return { right, text };
    }

    const elements = experiment(
      {
        text:
          "Of 500 training labels, 15% are random. Networks with 2 to 100 hidden units per " +
          "layer learn them. A small network cannot fit the wrong labels; a large one can.",
        question: "Which network has the largest loss on new signals?",
        options: ["the smallest", "the one that just fits all labels", "the largest"],
        button: "Train ten networks",
        chart,
        run,
        lesson:
          "A network that can only just fit its training set has to bend around every wrong label. With " +
          "room to spare, a larger network fits the labels more smoothly. A test loss that falls, rises " +
          "and falls again is called double descent.",
      },
      settle,
    );
    return { elements };
  },
};
