/** Step 1: the ten digits upright, then on their side. */

import { h, s } from "../../dom.js";
import { moral, Question } from "./question.js";

const [SIZE, REACH] = [100, 42]; // of a drawing, and of the digit in it
const HIDDEN = 7; // the digit to be recognised

/** A template, upright at angle 0 and a signal, time to the right, at 90. */
function drawing(templates, digit, isNamed) {
  const { t } = templates;
  const x = templates.x[digit];
  const middle = (Math.min(...x) + Math.max(...x)) / 2;
  const scale = Math.max(...templates.x.flat()) - Math.min(...templates.x.flat());
  const place = (value, i) => {
    const across = SIZE / 2 + (1.5 * REACH * (value - middle)) / scale;
    const down = SIZE / 2 + (REACH * t[i]) / t.at(-1);
    return `${i ? "L" : "M"}${across.toFixed(1)} ${down.toFixed(1)}`;
  };
  const line = s("path", { class: "digit", d: x.map(place).join("") });
  const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" }, line);
  if (isNamed) svg.append(s("text", { x: 7, y: 17, class: "name" }, `${digit}`));
  const turn = (angle) =>
    line.setAttribute("transform", `rotate(${-angle} ${SIZE / 2} ${SIZE / 2})`);
  return { svg, turn };
}

export const templates = {
  title: "These are digits",
  mount({ page }, settle) {
    const shapes = page.site.templates;
    const all = shapes.x.map((_, digit) => drawing(shapes, digit, true));
    const slider = h("input", {
      type: "range",
      min: 0,
      max: 90,
      value: 0,
      id: "learn-turn",
      "aria-label": "Turn the digits",
      oninput: () => turn(Number(slider.value)),
    });
    const turn = (angle) => {
      slider.value = angle;
      for (const [digit, one] of all.entries()) {
        one.turn(angle);
        one.svg.setAttribute("aria-label", `The digit ${digit}, turned by ${angle} degrees`);
      }
    };
    turn(0);
    const grid = h(
      "div",
      { class: "digits" },
      all.map(({ svg }) => svg),
    );
    const lesson = moral(
      "MNIST-1D keeps what makes handwritten digits interesting, but a model learns it in seconds, " +
        "here in your browser.",
    );
    const asked = drawing(shapes, HIDDEN, false);
    asked.turn(90);
    asked.svg.setAttribute("aria-label", "A digit on its side");
    const question = new Question({
      text: "Here is one more, on its side. Which digit is it?",
      options: ["1", "4", "7", "9"],
      figure: asked.svg,
      onAnswer: () => {
        asked.turn(0);
        turn(90);
        question.reveal(2, "Here it is upright: a 7. On its side, it is a signal.");
        lesson.hidden = false;
        settle();
      },
    });
    const text =
      "Ten digits, twelve points each. Turned on its side, a digit becomes a signal: one value " +
      "after the other.";
    const label = h("label", { class: "slider" }, "Turn them", slider);
    return { elements: [h("p", {}, text), grid, label, question.element, lesson] };
  },
};
