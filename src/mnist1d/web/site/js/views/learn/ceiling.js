/** Exercise 3: white noise, and the accuracy that not even the ideal observer can exceed. */

import { Chart, percent } from "../../chart.js";
import { ObserverLine } from "../../observer.js";
import { experiment } from "./experiment.js";
import { inTurn, Trial } from "./trials.js";

const LEVELS = [0.02, 0.05, 0.1, 0.2, 0.3]; // iid_noise_scale; the first is the default
const SIGNALS = 40; // per level, for the ideal observer
const TRAINING = { models: ["cnn"], steps: 600 };
const LIMIT = 0.9;

export const ceiling = {
  title: "When the ceiling falls",
  mount({ page }, settle) {
    const chart = new Chart({
      title: "Best possible accuracy and the CNN's against white noise",
      xLabel: "white noise (iid_noise_scale)",
      yLabel: "test accuracy",
      xFormat: (noise) => `${Number(noise.toFixed(2))}`,
    });
    const found = { observer: new Map(), cnn: new Map() };
    const draw = () => {
      const line = (name, style) => ({
        name,
        style,
        points: LEVELS.filter((x) => found[style].has(x)).map((x) => [x, found[style].get(x)]),
      });
      const series = [line("ceiling", "observer"), line("CNN", "cnn")];
      chart.update({ series, references: [], xMax: LEVELS.at(-1) });
    };
    draw();

    async function run(tell) {
      const line = new ObserverLine(page.site.templates);
      const done = (style, level, accuracy) => {
        found[style].set(level, accuracy);
        const count = found.observer.size + found.cnn.size;
        tell(`${count} of ${2 * LEVELS.length} measurements done.`);
        draw();
      };
      const tasks = LEVELS.flatMap((level) => {
        const config = { ...page.scene.plain, iid_noise_scale: level };
        const observe = async () => done("observer", level, await line.ceiling(config, SIGNALS));
        const train = async () => {
          const trial = new Trial(page.site.templates, config, TRAINING);
          const { test } = await trial.run().finally(() => trial.close());
          done("cnn", level, test);
        };
        return [observe, train];
      });
      try {
        await inTurn(tasks);
      } finally {
        line.close();
      }
      const first = LEVELS.findIndex((level) => found.observer.get(level) < LIMIT);
      const right = first < 1 ? LEVELS.length - 1 : first - 1;
      const [low, high] = [LEVELS[0], LEVELS.at(-1)].map((x) => percent(found.observer.get(x)));
      const where = first < 1 ? "at none of these levels" : `first at ${LEVELS[first]}`;
      const text =
        `The ceiling falls below 90% ${where}: from ${low} at ${LEVELS[0]} to ${high} at ` +
        `${LEVELS.at(-1)}, measured on ${SIGNALS} signals each.`;
      return { right, text };
    }

    const elements = experiment(
      {
        text:
          "White noise destroys information: two digits can then give the same forty numbers. " +
          "The ideal observer knows exactly how signals are made, so its accuracy is the ceiling " +
          "for every model. At the default noise, 0.02, the ceiling is 99.98%.",
        question: "At which noise level does the ideal observer first fall below 90%?",
        options: [...LEVELS.slice(1).map((level) => `${level}`), "at none of these"],
        button: "Measure five levels",
        chart,
        run,
        lesson:
          "A model's error has two parts: what the noise makes impossible, and what the model has not " +
          "learned. Training can only reduce the second. Compare a model with the ceiling of its " +
          "data before you look for a better one.",
      },
      settle,
    );
    return { elements };
  },
};
