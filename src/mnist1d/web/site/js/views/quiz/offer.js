/** Before a quiz: what it is, and the choice of signals, in order or shuffled. */

import { h } from "../../dom.js";
import { LENGTH } from "../../model/quiz.js";

const INTRO =
  "You see ten signals at a time. Type or tap the digit hidden in each signal; then you see the " +
  "answers. A hundred signals take about ten minutes, and you can stop after any ten.";
const SHUFFLED =
  "Shuffled: the forty points of every signal are permuted in the same way. There, the published human " +
  "reached about 30%.";

/** The elements; `begin(first, isShuffled)` starts a quiz. */
export function offerView(settings, begin) {
  const options = Array.from({ length: 10 }, (_, i) =>
    h("option", { value: i * LENGTH }, `signals ${i * LENGTH} to ${i * LENGTH + 99}`),
  );
  const hundred = h("select", { id: "quiz-first" }, options);
  hundred.value = settings.first;
  hundred.addEventListener("change", () => settings.update({ first: Number(hundred.value) }));
  const button = (name, isShuffled, style) => {
    const act = () => begin(Number(hundred.value), isShuffled);
    return h("button", { class: style, type: "button", onclick: act }, name);
  };
  const row = h(
    "div",
    { class: "row" },
    button("Start", false, "button primary"),
    button("Start with positions shuffled", true, "button"),
    h("label", { class: "row" }, "Test set", hundred),
  );
  return [h("p", {}, INTRO), row, h("p", { class: "note" }, SHUFFLED)];
}
