/** Accuracies on one axis: dots with intervals, as a picture and as the table that it stands for. */

import { h, s } from "../dom.js";

const [WIDTH, LINE, LEFT, RIGHT] = [640, 26, 150, 84];
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** rows: [{name, of, value, low, high, isOwn}] with low and high or neither; `id` tells the tables of a page apart. */
export function ladder(rows, title, id) {
  const height = rows.length * LINE + 30;
  const x = (share) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const marks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    s("line", { class: "zero", x1: x(share), x2: x(share), y1: 4, y2: height - 22 }),
    s("text", { x: x(share), y: height - 6, "text-anchor": "middle", class: "soft" }, `${100 * share} %`),
  ]);
  const drawn = rows.flatMap(({ name, value, low, high, isOwn }, i) => {
    const y = i * LINE + 18;
    const style = isOwn ? "own" : "";
    return [
      s("text", { x: LEFT - 14, y: y + 5, "text-anchor": "end", class: style }, name),
      low === undefined ? "" : s("line", { class: `interval ${style}`, x1: x(low), x2: x(high), y1: y, y2: y }),
      s("circle", { class: style, cx: x(value), cy: y, r: isOwn ? 6 : 4.5 }),
      s("text", { x: WIDTH, y: y + 5, "text-anchor": "end", class: style }, percent(value)),
    ];
  });
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-labelledby": `${id}-ladder-title`, class: "ladder" },
    s("title", { id: `${id}-ladder-title` }, `${title}: ${rows.map(({ name, value }) => `${name} ${percent(value)}`).join(", ")}`), marks, drawn);
  const lines = rows.map(({ name, of, value, low, high }) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, of ?? ""), h("td", { class: "number" }, percent(value)), h("td", { class: "number" }, low === undefined ? "" : `${percent(low)} to ${percent(high)}`)));
  const head = h("tr", {}, ["", "of", title, "95 % interval"].map((text, i) => (text ? h("th", { scope: "col", class: i > 1 ? "number" : "" }, text) : h("td"))));
  const table = h("table", { class: "plain" }, h("thead", {}, head), h("tbody", {}, lines));
  return h("div", {}, svg, h("details", {}, h("summary", {}, "The same as a table"), table));
}
