/** Step 2: one signal through the pipeline, then the digit to find in another. */

import { h } from "../../dom.js";
import { frame, STAGES } from "../../model/film.js";
import { FilmScreen } from "../film.js";
import { SignalPlot } from "../quiz/plots.js";
import { moral, Question } from "./question.js";

const SHOWN = { digit: 3, sample: 0 };
const ASKED = 1; // row of the test set
const TEXTS = [
  "The digit 3, twelve points.",
  "Zeros are appended: the digit becomes a small part of the signal.",
  "The signal is stretched to a fixed length.",
  "Its amplitude is made larger or smaller.",
  "It is shifted to a random position.",
  "Smooth noise fills the points around the digit.",
  "A little noise is added everywhere.",
  "The whole signal is tilted.",
  "Forty points are kept. This is what a model sees.",
];

export const pipeline = {
  title: "From digit to signal",
  mount({ page }, settle) {
    const { scene } = page;
    const screen = new FilmScreen();
    const told = h("p", { class: "stage-told", "aria-live": "polite" });
    const slider = h("input", {
      type: "range",
      min: 0,
      max: STAGES - 1,
      step: 1,
      value: 0,
      id: "learn-stage",
      "aria-label": "Stage",
      oninput: () => go(Number(slider.value)),
    });
    const film = () => {
      scene.prepare(scene.plain);
      const draw = scene.draw(SHOWN.digit, SHOWN.sample);
      const stages = scene.pipeline.stages(draw);
      screen.fit(stages);
      return { draw, stages, presence: scene.pipeline.presence(draw) };
    };
    let made = null;
    const go = (stage) => {
      made ??= film();
      const drawn = frame(made.stages, made.draw, stage);
      if (stage === STAGES - 1) drawn.presence = made.presence;
      screen.draw(drawn, `Digit ${SHOWN.digit}: ${made.stages[stage].name}`);
      slider.setAttribute("aria-valuetext", made.stages[stage].name);
      told.textContent = `${stage + 1} of ${STAGES}. ${TEXTS[stage]}`;
    };

    const lesson = moral(
      "A model gets only forty numbers. It must find the digit wherever it is and ignore " +
        "the rest.",
    );
    const plot = new SignalPlot("line", "wide");
    const question = new Question({
      text: "Here is another finished signal. Where is the digit?",
      options: ["left third", "middle third", "right third"],
      figure: plot.svg,
      onAnswer: async () => {
        const test = await page.test();
        const presence = test.presence(ASKED, false);
        plot.mark(presence);
        const places = presence.flatMap((isOn, i) => (isOn ? [i] : []));
        const middle = (places[0] + places.at(-1)) / 2;
        const third = Math.min(2, Math.floor((3 * middle) / presence.length));
        const digit = test.y[ASKED];
        question.reveal(third, `The thick part is the digit, a ${digit}. The rest is noise.`);
        lesson.hidden = false;
        settle();
      },
    });
    const text =
      "Move the slider: a digit becomes a signal in eight steps. Shaded: the points that the step changes.";
    const label = h("label", { class: "slider" }, "Step by step", slider);
    const elements = [
      h("p", {}, text),
      screen.element,
      label,
      told,
      question.element,
      lesson,
    ];
    const shown = async () => {
      go(Number(slider.value));
      const test = await page.test();
      if (!plot.x) plot.update(test.signal(ASKED, false), "A finished signal of forty points");
    };
    return { elements, shown };
  },
};
