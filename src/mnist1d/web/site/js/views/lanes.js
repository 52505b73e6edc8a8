/** The progress of each model of a race, as a table. */

import { count, percent } from "../chart.js";
import { h, write } from "../dom.js";

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

/** The table of a race, updated while it runs. Rows are reused, so that a button is the same
 * element when it is released as when it was pressed. */
export class LaneTable {
  constructor() {
    const head = HEADER.map((text, i) =>
      h("th", { scope: "col", class: i ? "number" : false }, text),
    );
    const caption = h("caption", { class: "visually-hidden" }, "Where each model stands");
    this.body = h("tbody");
    this.element = h(
      "table",
      { class: "plain" },
      caption,
      h("thead", {}, h("tr", {}, head)),
      this.body,
    );
  }

  /** Show a race; `again` is what the button of a model that failed does. */
  update(race, again) {
    const kinds = race.lanes.map(({ name, state, message }) => [name, state === "failed" && message]);
    const key = JSON.stringify(kinds);
    if (key !== this.key) this.body.replaceChildren(...race.lanes.map((lane) => row(lane, again)));
    this.key = key;
    race.lanes.forEach((lane, i) => {
      if (lane.state === "failed") return;
      const cells = [...this.body.rows[i].cells].slice(1);
      values(lane).forEach((text, j) => write(cells[j], text));
    });
  }
}

function row(lane, again) {
  const name = h("th", { scope: "row", class: lane.name }, lane.label);
  const cells = values(lane).map(() => h("td", { class: "number" }));
  if (lane.state !== "failed") return h("tr", {}, name, cells);
  const props = { class: "button small", type: "button", onclick: again };
  const text = `Training stopped: ${lane.message}. `;
  const told = h("td", { colspan: cells.length, class: "error" }, text, h("button", props, "Start again"));
  return h("tr", {}, name, told);
}

const values = (lane) => [
  count(lane.step),
  share(lane.last?.test),
  share(lane.train),
  lane.rate ? count(lane.rate) : "–",
  lane.left === null ? STATES[lane.state] : seconds(lane.left),
];
