/** Step 6: all digits at the same position: the MLP catches up. */

import { percent } from "../../chart.js";
import { h } from "../../dom.js";
import { roundedLimit, SignalPanel } from "../../plot.js";
import { Contest, plainRace } from "./contest.js";
import { moral, Question } from "./question.js";

const PANELS = [0, 3, 6, 7]; // digits
const DEFAULT = 48;

export const translation = {
  title: "Keep the digit in place",
  mount(lesson, settle) {
    const { page } = lesson;
    const { scene } = page;
    const contest = new Contest(page, "Three models without translation; dashed: with it");
    const told = moral(
      "If the digit is always at the same position, a convolution has no advantage: the " +
        "MLP learns where to look. Convolution helps with translation. Choose a model whose prior " +
        "fits your data.",
    );
    const panels = PANELS.map(() => new SignalPanel());
    const value = h("output", { class: "num" });
    const slider = h("input", {
      type: "range",
      min: 1,
      max: DEFAULT,
      value: DEFAULT,
      id: "learn-translation",
      "aria-label": "Translation",
      oninput: () => bend(),
    });
    const config = () => ({ ...scene.plain, max_translation: Number(slider.value) });
    const bend = () => {
      value.textContent = slider.value;
      train.disabled = Number(slider.value) !== 1 || question.chosen === null;
      scene.prepare(config());
      const signals = PANELS.map((digit) => scene.signal(digit, 0, false));
      const limit = roundedLimit(signals);
      signals.forEach((signal, i) =>
        panels[i].update([signal], {
          caption: `${PANELS[i]}`,
          title: `A ${PANELS[i]}`,
          limit,
          isShuffled: false,
        }),
      );
    };
    const question = new Question({
      text: "Without translation, what happens to the gap between CNN and MLP?",
      isPrediction: true,
      options: ["it grows", "it stays the same", "it nearly closes"],
      onAnswer() {
        question.wait("Set translation to 1 and train.");
        bend();
      },
    });
    const train = h(
      "button",
      { class: "button primary", type: "button", id: "learn-train" },
      "Train without translation",
    );
    train.addEventListener("click", async () => {
      train.disabled = true;
      question.wait("Training …");
      const { results: before, curves } = await plainRace(lesson, contest);
      contest.before = curves;
      const results = await contest.run(config());
      const [first, last] = [before.cnn - before.mlp, results.cnn - results.mlp];
      const right = last > first + 0.05 ? 0 : last < first / 2 ? 2 : 1;
      const points = (gap) => `${(100 * gap).toFixed(1)} percentage points`;
      const models = `MLP ${percent(results.mlp)}, CNN ${percent(results.cnn)}`;
      question.reveal(right, `${models}: the gap changes from ${points(first)} to ${points(last)}.`);
      told.hidden = false;
      settle();
    });
    const text =
      "The points are in order again. The setting max_translation says how far a digit may be shifted: " +
      "fewer than 48 points by default. Predict, then move the slider to 1 (no shift).";
    return {
      elements: [
        h("p", {}, text),
        question.element,
        h("label", { class: "slider" }, "Translation", slider, value),
        h("div", { class: "panels four" }, panels.map(({ element }) => element)),
        h("p", {}, train),
        contest.element,
        told,
      ],
      shown: bend,
      hidden: () => contest.race?.isDone && contest.stop(),
    };
  },
};
