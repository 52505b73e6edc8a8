/** Accuracies of the human, models and the ideal observer on one axis: a table whose middle column is
 * the picture.
 */

import { h, s } from "../dom.js";

const MARKS = [0, 25, 50, 75, 100]; // percent
const STYLES = {
  logistic: "logistic",
  MLP: "mlp",
  CNN: "cnn",
  GRU: "gru",
  "published human": "human",
  "ideal observer": "observer",
  you: "own you",
};

export const percent = (share) => `${(100 * share).toFixed(1)}%`;

/** The published human, the models, the ideal observer, and with `own`, the score of a quiz, you:
 * rows of a ladder.
 */
export function rivals(site, isShuffled, own = null) {
  const part = isShuffled ? "shuffled_acc" : "acc";
  const rows = site.benchmark
    .filter((row) => row[part])
    .map(({ name, of, [part]: [value, low, high] }) => ({ name, of, value, low, high }));
  const human = rows.find(({ name }) => name === "human");
  const { published, ideal_observer: observer } = site.reference;
  if (human) human.name = "published human";
  else if (published?.human)
    rows.push({
      name: `published human${isShuffled ? ", about" : ""}`,
      value: published.human[part],
    });
  if (observer)
    rows.push({ name: "ideal observer", of: `${observer.n} signals`, value: observer.acc });
  if (own)
    rows.push({
      name: "you",
      of: `${own.n} answers`,
      value: own.accuracy,
      low: own.low,
      high: own.high,
    });
  return rows;
}

/** rows: [{name, of, value, low, high}], with both low and high or neither; the best row comes
 * first. */
export function ladder(rows, caption) {
  const lines = rows
    .toSorted((a, b) => b.value - a.value)
    .map(({ name, of, value, low, high }) =>
      h(
        "tr",
        { class: STYLES[name.replace(/,.*/, "")] ?? false },
        h("th", { scope: "row" }, name, of ? h("span", { class: "note" }, of) : null),
        h("td", { class: "track" }, track(value, low, high)),
        h(
          "td",
          { class: "number" },
          percent(value),
          low === undefined
            ? null
            : h(
                "span",
                { class: "note" },
                `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`,
              ),
        ),
      ),
    );
  const axis = h(
    "td",
    { class: "track" },
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      MARKS.map((mark) => h("span", {}, `${mark}`)),
    ),
  );
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "model"),
    axis,
    h(
      "th",
      { scope: "col", class: "number" },
      "test accuracy",
      h("span", { class: "note" }, "95% CI"),
    ),
  );
  return h(
    "table",
    { class: "plain ladder" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", {}, head),
    h("tbody", {}, lines),
  );
}

/** A dot with its interval; hidden from screen readers, which read the numbers beside it. */
function track(value, low, high) {
  const at = (share) => `${100 * share}%`;
  const marks = MARKS.map((mark) =>
    s("line", { class: "zero", x1: `${mark}%`, x2: `${mark}%`, y1: "-50%", y2: "150%" }),
  );
  const interval =
    low === undefined
      ? ""
      : s("line", { class: "interval", x1: at(low), x2: at(high), y1: "50%", y2: "50%" });
  return s(
    "svg",
    { "aria-hidden": "true" },
    marks,
    interval,
    s("circle", { cx: at(value), cy: "50%", r: 5 }),
  );
}
