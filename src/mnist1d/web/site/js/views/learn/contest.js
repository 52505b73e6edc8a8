/** A race in the lesson: three models on one data set, drawn live, with a result at the end. */

import { Chart } from "../../chart.js";
import { h, paced } from "../../dom.js";
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
    this.drawSoon = paced(() => {
      this.draw(this.series);
      this.tell();
    });
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

  /** Final test accuracies; if a worker fails, the race waits until the model is started again. */
  run(config) {
    this.stop();
    return new Promise((resolve) => {
      const { templates } = this.page.site;
      this.race = new Race(templates, config, { models: MODELS, steps: STEPS }, () => {
        this.drawSoon();
        const { lanes } = this.race;
        if (lanes.some(({ state }) => state !== "done")) return;
        resolve(Object.fromEntries(lanes.map(({ name, last }) => [name, last.test])));
      });
      this.race.run();
    });
  }

  tell() {
    const failed = this.race.lanes.find(({ state }) => state === "failed");
    if (failed === this.failed) return;
    this.failed = failed;
    if (!failed) return void this.told.replaceChildren();
    const act = () => {
      this.race.restart();
      this.race.run();
    };
    const again = h("button", { class: "button small", type: "button", onclick: act }, "Start again");
    this.told.replaceChildren(`The ${failed.label} stopped: ${failed.message}. `, again);
  }

  stop() {
    this.race?.close();
  }
}

/** The race on the default data, run once for all steps: {results, curves}, the curves to be drawn
 * behind another race. Whichever step asks first runs it; the others wait, unless a model there has
 * stopped. */
export function plainRace({ page, shared }, contest) {
  if (shared.plain && !shared.plain.contest.failed) return shared.plain.race;
  const run = async () => {
    const results = await contest.run(page.scene.plain);
    const curves = contest.series.map((one) => ({ ...one, name: "", isDashed: true }));
    return { results, curves };
  };
  shared.plain = { contest, race: run() };
  return shared.plain.race;
}
