/** A race in the lesson: three models on one data set, drawn as it goes, and told when it is over.
 */

import { Chart, percent } from "../../chart.js";
import { h } from "../../dom.js";
import { Race } from "../../race.js";

const MODELS = ["logistic", "mlp", "cnn"];
export const STEPS = 1500;

/** {element, run(config), stop()}: run returns the final test accuracies, {logistic, mlp, cnn}.
 *
 * references: lines to compare with. before: final curves of an earlier race, drawn dashed.
 */
export class Contest {
  constructor(page, title) {
    this.page = page;
    this.chart = new Chart({
      title,
      xLabel: "training step",
      yLabel: "test accuracy",
      height: 250,
    });
    this.told = h("p", { class: "note" });
    this.element = h("div", { class: "contest" }, this.chart.element, this.told);
    [this.before, this.references] = [[], []];
    this.draw([]);
  }

  draw(series) {
    const { before, references } = this;
    this.chart.update({ series: [...before, ...series], references, xMax: STEPS });
  }

  get series() {
    return this.race.lanes.map(({ label, name, points }) => ({
      name: label,
      style: name,
      points: points.map(({ step, test }) => [step, test]),
    }));
  }

  run(config) {
    this.stop();
    return new Promise((resolve) => {
      const { templates } = this.page.site;
      this.race = new Race(templates, config, { models: MODELS, steps: STEPS }, () => {
        this.frame ??= requestAnimationFrame(() => {
          this.frame = null;
          this.draw(this.series);
          this.tell();
        });
        if (this.race.isDone) resolve(this.results());
      });
      this.race.run();
    });
  }

  /** Final test accuracies; null for a model whose worker failed. */
  results() {
    const share = (lane) => (lane.state === "done" ? lane.last.test : null);
    return Object.fromEntries(this.race.lanes.map((lane) => [lane.name, share(lane)]));
  }

  tell() {
    const failed = this.race.lanes.find(({ state }) => state === "failed");
    if (failed) {
      const again = h("button", { class: "button small", type: "button" }, "Start again");
      again.addEventListener("click", () => {
        this.race.restart();
        this.race.run();
      });
      this.told.replaceChildren(`The ${failed.label} stopped: ${failed.message}. `, again);
    } else this.told.replaceChildren();
  }

  /** The curves as they are now, to be drawn behind another race. */
  get ghosts() {
    return this.series.map((one) => ({ ...one, name: "", isDashed: true }));
  }

  stop() {
    this.race?.close();
  }
}

/** "93.1%", or what to say where a model failed. */
export const shown = (share) => (share === null ? "nothing (it failed)" : percent(share));
