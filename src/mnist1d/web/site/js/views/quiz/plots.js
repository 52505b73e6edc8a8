/** The quiz's plots: a signal as a line over time, or as the human of the paper saw it, with values
 * to the right and time downward. */

import { h, s } from "../../dom.js";

const LIMIT = 4.2; // standard deviations that a plot spans on either side: one scale for all signals
const FRAMES = { line: [120, 72], tall: [60, 120] };

/** Path data of values where `isOn`. */
function path(x, layout, isOn = () => true) {
  const [width, height] = FRAMES[layout];
  const n = Math.max(x.length - 1, 1);
  const clip = (value) => Math.max(-1, Math.min(1, value / LIMIT));
  const place = (value, i) =>
    layout === "line"
      ? [2 + (i / n) * (width - 4), height / 2 - clip(value) * (height / 2 - 2)]
      : [width / 2 + clip(value) * (width / 2 - 2), 2 + (i / n) * (height - 4)];
  let [data, isDrawing] = ["", false];
  x.forEach((value, i) => {
    const [across, down] = place(value, i).map((v) => v.toFixed(2));
    if (isOn(i)) data += `${isDrawing ? "L" : "M"}${across} ${down}`;
    isDrawing = isOn(i);
  });
  return data;
}

function zeroLine(layout) {
  const [width, height] = FRAMES[layout];
  const [x, y] = [width / 2, height / 2];
  const isLine = layout === "line";
  const ends = isLine ? { x1: 0, x2: width, y1: y, y2: y } : { x1: x, x2: x, y1: 0, y2: height };
  return s("line", { class: "zero", ...ends });
}

/** The plot of one signal. */
export class SignalPlot {
  constructor(layout, style = "") {
    this.layout = layout;
    this.title = s("title");
    this.line = s("path", { class: "signal" });
    this.digit = s("path", { class: "digit" });
    const [width, height] = FRAMES[layout];
    const props = { viewBox: `0 0 ${width} ${height}`, role: "img", class: `quiz-plot ${style}` };
    this.svg = s("svg", props, this.title, zeroLine(layout), this.line, this.digit);
  }

  update(x, title) {
    this.x = Array.from(x);
    this.title.textContent = title;
    this.line.setAttribute("d", path(this.x, this.layout));
    return this;
  }

  /** Mark where the digit is. */
  mark(presence) {
    this.digit.setAttribute(
      "d",
      path(this.x, this.layout, (i) => presence[i]),
    );
    return this;
  }
}

/** A clean signal of each digit, to look at while answering. */
export function examples(test, layout, isShuffled) {
  const figures = test.site.templates.x.map((_, digit) => {
    const plot = new SignalPlot(layout, "template");
    plot.update(test.clean(digit, isShuffled), `A clean signal of the digit ${digit}`);
    const caption = h("figcaption", { class: "quiz-number" }, `${digit}`);
    return h("figure", { class: "quiz-card" }, caption, plot.svg);
  });
  const order = isShuffled ? ", its points shuffled in the same way" : "";
  const summary = h("summary", {}, `What to look for: a clean signal of each digit${order}`);
  const grid = h("div", { class: "quiz-ten", dataset: { layout } }, figures);
  return h("details", { class: "quiz-examples", open: true }, summary, grid);
}
