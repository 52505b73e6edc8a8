/** A running sweep, by server-sent events: its progress, the time left, finished trials and their
 * curves. */

import { Chart } from "../chart.js";
import { h } from "../dom.js";
import { onTheme } from "../palette.js";
import { formatOf, runContent, swatch } from "./results/runchart.js";

const CURVES = 12; // as many as readers can distinguish
const CALLS = 8;
const NONE = "No sweep has run in this folder yet.";
const WHEN =
  "A curve appears when its trial finishes, because each trial is one compiled program. " +
  `Lines are means over the trial's seeds, of the last ${CURVES} trials.`;

export class Live {
  /** reload: load the results. offered(): called when there are new ones, or none any more. */
  constructor(page, reload, offered) {
    [this.page, this.offered] = [page, offered];
    [this.curves, this.runs] = [[], []];
    // number of calls in the results on the screen (0 until they are loaded); number of calls in the store
    [this.known, this.total] = [Infinity, 0];
    this.told = h("p", { id: "results-live-told" }, "Waiting for the server.");
    const label = "Finished seeds of the last sweep";
    this.progress = h("progress", { max: 1, value: 0, "aria-label": label });
    this.list = h("ul", { class: "results-calls num" });
    this.chart = new Chart({ title: "Curves of the last sweep", xLabel: "step", yLabel: "" });
    this.legend = h("ul", { class: "results-legend" });
    const note = h("p", { class: "note" }, WHEN);
    this.drawn = h("div", {}, this.chart.element, this.legend, note);
    this.drawn.hidden = true;
    const summary = h("summary", {}, "Curves and finished trials");
    this.more = h("details", { open: true }, summary, this.drawn, this.list);
    this.more.hidden = true;
    this.reload = h("button", { class: "button", type: "button", id: "results-reload" });
    this.reload.textContent = "Load the new results";
    this.reload.hidden = true;
    this.reload.addEventListener("click", () => {
      this.reload.hidden = true;
      reload();
    });
    this.element = h(
      "section",
      { class: "card", "aria-labelledby": "results-live" },
      h("h3", { id: "results-live" }, "The last sweep, live"),
      h("div", { class: "row" }, this.told, this.progress, this.reload),
      this.more,
    );
    onTheme(() => this.curves.length && this.draw());
  }

  open() {
    this.source = new EventSource("api/live");
    this.source.addEventListener("calls", (event) => this.addCalls(JSON.parse(event.data)));
    this.source.addEventListener("curve", (event) => this.addCurve(JSON.parse(event.data)));
    this.source.onopen = () => {
      this.isFirst = true; // after each connection the server reports the state of the last sweep
      this.list.replaceChildren();
      this.told.textContent = NONE;
      this.total = 0;
      this.offer();
    };
    this.source.onerror = ({ target }) => {
      const isClosed = target.readyState === EventSource.CLOSED;
      this.told.textContent = isClosed
        ? "The server sends no updates; too many pages may be open. Open this view again to retry."
        : "The server does not respond. Trying again.";
    };
  }

  close() {
    this.source?.close();
  }

  /** Note the number of calls in the results on the screen. */
  know(calls) {
    this.known = calls;
    this.offer();
  }

  /** The button is visible while the store has more calls than the results on the screen. */
  offer() {
    this.reload.hidden = this.total <= this.known;
    this.offered();
  }

  addCalls(content) {
    const { done, wanted, total, calls, runs } = content;
    this.progress.max = wanted || 1;
    this.progress.value = done;
    const text = standing(content);
    const isOver = wanted && done >= wanted;
    if (isOver && !this.isFirst) this.page.say(text);
    if (isOver && this.isFirst) this.more.open = false; // no sweep is running: the studies come first
    this.more.hidden = !this.list.children.length && !calls.length;
    this.told.textContent = text;
    this.runs = runs;
    for (const call of calls) this.list.prepend(h("li", {}, this.describe(call)));
    while (this.list.children.length > CALLS) this.list.lastChild.remove();
    this.total = total;
    this.offer();
    this.isFirst = false;
  }

  describe({ study, trial, status, seconds, seeds }) {
    const name = this.runs.find(({ id }) => id === trial)?.name ?? trial;
    const count = `${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}`;
    return `${study}, ${name}, ${count}: ${status}, ${seconds.toFixed(1)} s`;
  }

  /** Only one study is drawn: the one with the latest finished trial. */
  addCurve({ trial, ...curve }) {
    const isOther = ({ run, study, metric }) =>
      run !== trial && study === curve.study && metric === curve.metric;
    this.curves = [...this.curves.filter(isOther), { run: trial, ...curve }].slice(-CURVES);
    this.draw();
  }

  draw() {
    const { curves, runs } = this;
    const { study, metric, unit } = curves.at(-1);
    const content = runContent(curves, runs);
    this.chart.format = formatOf(unit);
    this.chart.title = `${study}: ${metric} against steps`;
    this.chart.yLabel = `${study}: ${metric}`;
    this.chart.update(content);
    this.drawn.hidden = false;
    const items = curves.map(({ mean }, i) => {
      const one = content.series[i];
      const last = mean.findLast((value) => value !== null);
      const value = last === undefined ? "no finite value" : this.chart.format(last);
      return h("li", {}, swatch(one), h("span", {}, `${one.name}: ${value}`));
    });
    this.legend.replaceChildren(...items);
  }
}

/** The progress of a sweep, in a sentence or two. */
function standing({ done, wanted, running, left }) {
  if (!wanted) return NONE;
  const text = `${done} of ${wanted} seeds done`;
  if (done >= wanted) return `${text}: the sweep is over.`;
  if (!running) return `${text}. The sweep is not running; run its command again to resume.`;
  return left === null ? `${text}.` : `${text}, about ${duration(left)} left.`;
}

const duration = (seconds) => {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
};
