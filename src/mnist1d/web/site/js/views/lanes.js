/** Where each model of a race stands, as a table. */

import { count, percent } from "../chart.js";
import { h } from "../dom.js";

const STATES = { making: "preparing", ready: "paused", running: "training", done: "finished" };
const HEADER = [
  "model",
  "step",
  "test accuracy",
  "training accuracy",
  "steps/s",
  "time left",
];

const seconds = (time) => (time < 90 ? `${Math.ceil(time)} s` : `${Math.ceil(time / 60)} min`);
const share = (value) => (value === null || value === undefined ? "–" : percent(value));

/** The table; `again` is what the button of a model that failed does. */
export function laneTable(race, again) {
  const head = HEADER.map((text, i) =>
    h("th", { scope: "col", class: i ? "number" : false }, text),
  );
  const rows = race.lanes.map((lane) => {
    const name = h("th", { scope: "row", class: lane.name }, lane.label);
    if (lane.state === "failed") {
      const button = h(
        "button",
        { class: "button small", type: "button", onclick: again },
        "Start again",
      );
      const text = `Training stopped: ${lane.message}. `;
      return h("tr", {}, name, h("td", { colspan: 5, class: "error" }, text, button));
    }
    const cells = [
      count(lane.step),
      share(lane.last?.test),
      share(lane.train),
      lane.rate ? count(lane.rate) : "–",
      lane.left === null ? STATES[lane.state] : seconds(lane.left),
    ];
    return h(
      "tr",
      {},
      name,
      cells.map((text) => h("td", { class: "number" }, text)),
    );
  });
  const caption = h("caption", { class: "visually-hidden" }, "Where each model stands");
  return h(
    "table",
    { class: "plain" },
    caption,
    h("thead", {}, h("tr", {}, head)),
    h("tbody", {}, rows),
  );
}
