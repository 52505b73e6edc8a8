/** The curves of a study's trials: choose runs and a metric, smooth, log axes, values by pointer. */

import { Chart } from "../../chart.js";
import { download, h } from "../../dom.js";
import { onTheme, shade } from "../../palette.js";
import { standalone, toPng } from "../../plot.js";
import { formatOf, runContent, swatch } from "./runchart.js";
import { csvOf } from "./table.js";

const CHOSEN = 8; // runs drawn initially
const NOTE =
  "Lines are means over seeds, bands their 95% confidence intervals; a smoothed line has no band. " +
  "To read values, point at the chart or use the arrow keys.";

export class Curves {
  constructor(study) {
    this.study = study;
    this.summary = h("summary", {}, "Curves: several runs on one axis");
    this.body = h("div", {});
    this.element = h("details", { class: "curves" }, this.summary, this.body);
    this.element.addEventListener("toggle", () => this.element.open && this.load());
    onTheme(() => this.content && this.element.isConnected && this.draw());
  }

  async load() {
    if (this.content) return;
    this.body.replaceChildren(h("p", { class: "note" }, "Loading the curves."));
    try {
      const response = await fetch(`data/curves/${this.study.id}.json`);
      const content = await response.json();
      if (!response.ok) throw new Error(content.error ?? response.statusText);
      this.content = content;
      this.build();
    } catch (error) {
      const again = h("button", { class: "button small", type: "button" }, "Try again");
      again.addEventListener("click", () => this.load());
      const text = `The curves could not be loaded: ${error.message}. `;
      this.body.replaceChildren(h("p", { class: "error", role: "alert" }, text, again));
    }
  }

  build() {
    const { runs, curves, left_out: leftOut } = this.content;
    if (!curves.length) {
      const none = "This study has no curves: its trials have one value per metric.";
      return void this.body.replaceChildren(h("p", { class: "note" }, none));
    }
    const metrics = [...new Set(curves.map(({ metric }) => metric))];
    this.metric = metrics.includes("test_acc") ? "test_acc" : metrics[0];
    this.chosen = new Set(runs.slice(0, CHOSEN).map(({ id }) => id));
    const title = `${this.study.title}: curves`;
    this.chart = new Chart({ title, xLabel: "step", yLabel: this.metric, height: 320 });
    this.legend = h("fieldset", { class: "runs" });
    const more = leftOut ? ` ${leftOut} more trials are not listed.` : "";
    this.body.replaceChildren(
      h("div", { class: "row" }, this.metricField(metrics), this.fields(), this.tools()),
      this.chart.element,
      this.legend,
      h("p", { class: "note" }, NOTE + more),
    );
    this.drawLegend();
    this.draw();
  }

  metricField(metrics) {
    const id = `curves-metric-${this.study.id}`;
    const options = metrics.map((metric) => h("option", { value: metric }, metric));
    const select = h("select", { id }, options);
    select.value = this.metric;
    select.addEventListener("change", () => {
      this.metric = select.value;
      this.drawLegend();
      this.draw();
    });
    return h("label", { class: "row", for: id }, "Metric", select);
  }

  fields() {
    const box = (text) => {
      const input = h("input", { type: "checkbox", onchange: () => this.draw() });
      return [input, h("label", { class: "check" }, input, text)];
    };
    const [xLog, xLabel] = box("log steps");
    const [yLog, yLabel] = box("log values");
    const smoothing = h("input", { type: "range", min: 0, max: 0.95, step: 0.05, value: 0 });
    smoothing.addEventListener("input", () => this.draw());
    Object.assign(this, { xLog, yLog, smoothing });
    return [xLabel, yLabel, h("label", { class: "row smoothing" }, "Smoothing", smoothing)];
  }

  tools() {
    const save = () => {
      const lines = this.drawn().flatMap((curve) =>
        curve.steps.map((step, i) => [
          this.nameOf(curve.run),
          curve.metric,
          ...[step, curve.mean[i], curve.low[i], curve.high[i], curve.seeds].map((v) => `${v ?? ""}`),
        ]),
      );
      const header = ["run", "metric", "step", "mean", "low", "high", "seeds"];
      return csvOf(header, lines);
    };
    const picture = () => standalone(this.chart.svg);
    const kinds = { csv: save, svg: picture, png: () => toPng(picture()) };
    return Object.entries(kinds).map(([kind, make]) => {
      const file = `${this.study.id}-${this.metric}.${kind}`;
      const act = async () => download(file, await make(), `text/${kind}`);
      const props = { class: "button small", type: "button", onclick: act };
      const label = `Save ${kind}: curves of ${this.study.title}`;
      return h("button", { ...props, "aria-label": label }, `Save ${kind}`);
    });
  }

  nameOf(id) {
    return this.content.runs.find((run) => run.id === id).name;
  }

  /** The chosen curves of the current metric. */
  drawn() {
    return this.content.curves.filter(
      ({ run, metric }) => metric === this.metric && this.chosen.has(run),
    );
  }

  drawLegend() {
    const having = new Set(
      this.content.curves.filter(({ metric }) => metric === this.metric).map(({ run }) => run),
    );
    const items = this.content.runs
      .filter(({ id }) => having.has(id))
      .map(({ id, name }) => {
        const input = h("input", { type: "checkbox" });
        input.checked = this.chosen.has(id);
        input.addEventListener("change", () => {
          if (input.checked) this.chosen.add(id);
          else this.chosen.delete(id);
          this.draw();
        });
        const place = h("span", { class: "swatch", dataset: { run: id } });
        return h("label", { class: "check" }, input, place, name);
      });
    const choose = (text, runs) => {
      const act = () => {
        this.chosen = new Set(runs.map(({ id }) => id));
        this.drawLegend();
        this.draw();
      };
      return h("button", { class: "button small", type: "button", onclick: act }, text);
    };
    const buttons = [choose("All", this.content.runs), choose("None", [])];
    const tools = h("div", { class: "row" }, "Runs", buttons);
    this.legend.replaceChildren(h("legend", { class: "visually-hidden" }, "Runs"), tools, ...items);
  }

  draw() {
    const curves = this.drawn();
    const all = this.content.curves.filter(({ metric }) => metric === this.metric);
    const options = {
      smoothing: Number(this.smoothing.value),
      yLog: this.yLog.checked,
      hasBands: curves.length <= CHOSEN,
    };
    const content = runContent(curves, this.content.runs, options);
    this.chart.format = formatOf(all[0].unit);
    [this.chart.xLog, this.chart.yLabel] = [this.xLog.checked, this.metric];
    this.chart.update(content);
    const shown = new Map(curves.map(({ run }, i) => [run, content.series[i]]));
    for (const place of this.legend.querySelectorAll("span.swatch")) {
      const { run } = place.dataset;
      const { color } = this.content.runs.find(({ id }) => id === run);
      place.replaceChildren(swatch(shown.get(run) ?? { color: shade(color), style: "run" }));
    }
  }
}
