/** Train: models race on the data of Explore, each in a worker; curves, model insides, Python code.
 */

import { Chart, count } from "../chart.js";
import { h, paced, write } from "../dom.js";
import { trainingCode } from "../model/continue.js";
import { isPublished, referenceLines } from "../model/standings.js";
import { Race } from "../race.js";
import { scores } from "../storage.js";
import { codeBox } from "./codebox.js";
import { Inside } from "./inside.js";
import { LaneTable } from "./lanes.js";
import { presetRow } from "./presets.js";
import { chartOptions, CURVES, trainOptions } from "./trainoptions.js";

const CAPTION =
  "One line per model, trained in this browser: Adam, learning rate 0.01, batches of 100. " +
  "Dotted: the human, the ideal observer and your quiz score.";

export function mount(root, page) {
  const view = new Train(page);
  root.append(...view.elements);
  page.settings.subscribe(() => !root.hidden && view.follow());
  return { shown: () => view.follow(), hidden: () => view.race?.pause() };
}

class Train {
  constructor(page) {
    this.page = page;
    const { settings } = page;
    this.chart = new Chart({ title: "Accuracy against steps", xLabel: "step" });
    this.inside = new Inside(page);
    this.lanes = new LaneTable();
    this.drawSoon = paced(() => this.draw());
    const box = { class: "lanes scroll", tabindex: 0, role: "region", "aria-label": "Models" };
    this.table = h("div", box, this.lanes.element);
    this.told = h("p", { class: "note", id: "train-told" });
    this.code = codeBox("train", "Continue in Python", page.say);
    const python = h("h3", {}, "Continue in Python");
    const same = "The same signals, the same initial weights, the same steps:";
    this.elements = [
      h("div", { class: "bar" }, presetRow(page), this.told, trainOptions(settings)),
      h("div", { class: "row bar" }, this.buttons(), chartOptions(settings)),
      h("div", { class: "card" }, this.chart.element, h("p", { class: "note caption" }, CAPTION)),
      this.table,
      this.inside.element,
      h("section", { class: "card python" }, python, h("p", {}, same), this.code.element),
    ];
  }

  buttons() {
    const button = (id, text, act, style = "button") =>
      h("button", { class: style, type: "button", id: `train-${id}`, onclick: act }, text);
    this.runButton = button("run", "Train", () => this.toggle(), "button primary");
    this.stepButton = button("step", "One step", () => this.race.step(1));
    return [this.runButton, this.stepButton, button("restart", "Restart", () => this.restart())];
  }

  /** A race for the current settings; the existing one if nothing changed. */
  follow() {
    const { settings, site } = this.page;
    const { config, models, steps, train_seed: seed, curve, log } = settings;
    [this.chart.yLabel, this.chart.xLog] = [CURVES[curve], log];
    const key = JSON.stringify([config, models, steps, seed]);
    if (key !== this.key) {
      this.key = key;
      this.race?.close();
      this.race = new Race(site.templates, config, { models, steps, seed }, (lane) =>
        this.hear(lane),
      );
      this.page.race = this.race; // other views ask these models about their signals
      this.inside.follow(this.race);
      this.code.update(trainingCode(site.knobs, config, { models, steps, seed }));
      this.told.textContent = this.tell();
    }
    this.draw();
  }

  toggle() {
    if (this.race.isRunning) this.race.pause();
    else if (this.race.isDone) {
      this.restart();
      this.race.run();
    } else this.race.run();
    this.draw();
  }

  restart() {
    this.race.restart();
    this.inside.clear();
    this.draw();
  }

  hear(lane) {
    this.inside.look(lane);
    const { isDone } = this.race;
    if (isDone && !this.wasDone) this.page.say(`Training is over. ${this.chart.describe()}`);
    this.wasDone = isDone;
    this.drawSoon();
  }

  draw() {
    const { race } = this;
    const { site, settings } = this.page;
    const { curve } = settings;
    const series = race.lanes.map(({ label, name, points }) => ({
      name: label,
      style: name,
      points: points.filter((p) => p[curve] !== null).map((p) => [p.step, p[curve]]),
    }));
    const references = curve === "test" ? referenceLines(site, race.config, scores()) : [];
    this.chart.update({ series, references, xMax: race.settings.steps });
    this.lanes.update(race, () => this.restart());
    write(this.runButton, race.isRunning ? "Pause" : race.isDone ? "Train again" : "Train");
  }

  /** What the models learn from, in a sentence. */
  tell() {
    const { site, settings } = this.page;
    const { config } = settings;
    const n = Math.floor(config.num_samples / 10) * 10;
    const train = Math.floor(n * config.train_split);
    const sizes = `${count(train)} training and ${count(n - train)} test signals`;
    if (isPublished(site.knobs, config)) {
      const order = config.shuffle_seq ? ", positions shuffled" : "";
      return `Data: the published set${order}, ${sizes}.`;
    }
    const names = Object.keys(settings.changed).join(", ");
    return `Data: ${sizes} with the settings of Explore (changed: ${names}).`;
  }
}
