/** A sweep as it goes on, by server-sent events: how far it is, what has ended, and the curves of what has. */

import { h, s } from "../dom.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 260, 44, 24];
const CURVES = 12; // as many as are told apart
const CALLS = 8;
const NONE = "No sweep is running, and none has run here yet.";

export class Live {
  constructor(page, reload) {
    this.page = page;
    this.curves = [];
    [this.known, this.total] = [Infinity, 0]; // calls that the results on the screen know of, none until they have come; calls in the store
    this.told = h("p", { id: "results-live-told" }, "Waiting for the server.");
    this.progress = h("progress", { max: 1, value: 0, "aria-label": "Seeds done of the last sweep" });
    this.list = h("ul", { class: "results-calls num" });
    this.plot = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "results-live" });
    this.reload = h("button", { class: "button", type: "button", id: "results-reload", onclick: () => {
      this.reload.hidden = true;
      reload();
    } }, "Load the new results");
    this.reload.hidden = true;
    this.element = h("section", { class: "card", "aria-labelledby": "results-live" }, h("h3", { id: "results-live" }, "The last sweep, live"),
      h("div", { class: "row" }, this.told, this.progress, this.reload), this.plot, h("ul", { class: "results-legend" }), this.list);
    this.legend = this.element.querySelector(".results-legend");
    this.plot.toggleAttribute("hidden", true);
  }

  open() {
    this.source = new EventSource("api/live");
    this.source.addEventListener("calls", (event) => this.addCalls(JSON.parse(event.data)));
    this.source.addEventListener("curve", (event) => this.addCurve(JSON.parse(event.data)));
    this.source.onopen = () => {
      this.isFirst = true; // after each connection the server tells how the last sweep stands
      this.list.replaceChildren();
      this.told.textContent = NONE;
    };
    this.source.onerror = ({ target }) =>
      (this.told.textContent = target.readyState === EventSource.CLOSED ? "The server gives no news: too many pages may be open. Come back to this view to try again." : "The server does not answer; trying again.");
  }

  close() {
    this.source?.close();
  }

  /** The results on the screen are made of so many calls. */
  know(calls) {
    this.known = calls;
    this.offer();
  }

  /** The button is there while the store has more calls than the results on the screen know of. */
  offer() {
    this.reload.hidden = this.total <= this.known;
  }

  addCalls({ done, wanted, total, calls }) {
    const isOver = wanted && done >= wanted;
    this.progress.max = wanted || 1;
    this.progress.value = done;
    const text = wanted ? `${done} of ${wanted} seeds done${isOver ? ": the sweep is over." : "."}` : NONE;
    if (isOver && !this.isFirst) this.page.say(text);
    this.told.textContent = text;
    for (const { study, label, status, seconds, seeds } of calls) {
      this.list.prepend(h("li", {}, `${study}, ${label}, ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}: ${status}, ${seconds.toFixed(1)} s`));
    }
    while (this.list.children.length > CALLS) this.list.lastChild.remove();
    this.total = total;
    this.offer();
    this.isFirst = false;
  }

  addCurve(curve) {
    this.curves = [...this.curves.filter(({ study, trial }) => study !== curve.study || trial !== curve.trial), curve].slice(-CURVES);
    this.draw();
  }

  draw() {
    const most = Math.max(...this.curves.map(({ steps }) => steps.at(-1)), 1);
    const x = (step) => LEFT + (step / most) * (WIDTH - LEFT - 8);
    const y = (share) => 8 + (1 - share) * (HEIGHT - BOTTOM - 8);
    const axes = [0, 0.5, 1].flatMap((share) => [
      s("line", { class: "zero", x1: LEFT, x2: WIDTH - 8, y1: y(share), y2: y(share) }),
      s("text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`),
    ]);
    const lines = this.curves.map(({ steps, mean }, i) =>
      s("path", { class: `d${i % 10}${i >= 10 ? " dashed" : ""}`, d: steps.map((step, j) => `${j ? "L" : "M"}${x(step).toFixed(1)} ${y(mean[j]).toFixed(1)}`).join("") }));
    const names = this.curves.map(({ study, label, mean }) => `${study}, ${label}: ${(100 * mean.at(-1)).toFixed(1)} %`);
    const title = s("title", {}, `Test accuracy against steps. ${names.join("; ")}`);
    this.plot.replaceChildren(title, ...axes, s("text", { x: WIDTH - 8, y: HEIGHT - 4, "text-anchor": "end" }, `${most} steps`), ...lines);
    this.plot.toggleAttribute("hidden", false);
    this.legend.replaceChildren(...names.map((name, i) => h("li", {}, h("span", { class: `swatch d${i % 10}`, "aria-hidden": "true" }), name)));
  }
}
