/** The quiz's plots: a signal as a line over time, or as the published human saw it, value to the right and time downward. */

import { h, s } from "../dom.js";

const LIMIT = 4.2; // standard deviations that a plot spans on either side: one scale for all signals
const FRAMES = { line: [120, 72], tall: [60, 120] };

/** Path data of values, `from` and `to` the share of the time axis that they span. */
function path(x, layout, limit, from = 0, to = 1) {
  const [width, height] = FRAMES[layout];
  const n = Math.max(x.length - 1, 1);
  const clip = (value) => Math.max(-1, Math.min(1, value / limit));
  const place = (value, i) => {
    const share = from + ((to - from) * i) / n;
    const [across, along] = layout === "line" ? [share, -clip(value)] : [clip(value), share];
    return layout === "line"
      ? `${(2 + across * (width - 4)).toFixed(2)} ${(height / 2 + along * (height / 2 - 2)).toFixed(2)}`
      : `${(width / 2 + across * (width / 2 - 2)).toFixed(2)} ${(2 + along * (height - 4)).toFixed(2)}`;
  };
  return Array.from(x, (value, i) => `${i ? "L" : "M"}${place(value, i)}`).join("");
}

function frame(layout) {
  const [width, height] = FRAMES[layout];
  const zero = layout === "line" ? { x1: 0, x2: width, y1: height / 2, y2: height / 2 } : { x1: width / 2, x2: width / 2, y1: 0, y2: height };
  return { viewBox: `0 0 ${width} ${height}`, zero: s("line", { class: "zero", ...zero }) };
}

/** The plot of one signal. */
export class SignalPlot {
  constructor(layout) {
    this.layout = layout;
    const { viewBox, zero } = frame(layout);
    this.title = s("title");
    this.line = s("path", { class: "signal" });
    this.svg = s("svg", { viewBox, role: "img", class: "quiz-plot" }, this.title, zero, this.line);
  }

  update(x, title) {
    this.title.textContent = title;
    this.line.setAttribute("d", path(x, this.layout, LIMIT));
  }
}

/** The plot of a template. */
export function templatePlot(templates, digit, layout) {
  const largest = Math.max(...templates.x.flat().map(Math.abs));
  const { viewBox, zero } = frame(layout);
  const line = s("path", { class: "signal", d: path(templates.x[digit], layout, largest * 1.15, 0.15, 0.85) });
  return s("svg", { viewBox, role: "img", class: "quiz-plot template" }, s("title", {}, `Template of ${digit}`), zero, line);
}

/** The ten templates, to look at while answering. */
export function examples(templates, layout) {
  const figures = templates.x.map((_, digit) =>
    h("figure", { class: "quiz-card" }, h("figcaption", { class: "quiz-number" }, `${digit}`), templatePlot(templates, digit, layout)));
  return h("details", { class: "quiz-examples", open: true }, h("summary", {}, "What to look for: the ten templates, before padding, shift and noise"),
    h("div", { class: "quiz-ten", dataset: { layout } }, figures));
}
