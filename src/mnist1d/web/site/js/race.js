/** Models that train side by side, each in its own worker: their state on the page. */

import { MODELS } from "./engine/models.js";

const EVERY = 50; // steps between two points of a curve
const EARLY = [1, 2, 5, 10, 20, 35]; // closer together at the start, while accuracy rises fast
const SILENCE = 15; // seconds without a message from a training worker, while this page is awake, after which it counts as dead

/** Settings of a race, all with defaults except `models`: names in the order of the table. */
export const raceSettings = (given) => ({
  models: ["logistic", "mlp", "cnn"],
  steps: 6000,
  seed: 0,
  every: EVERY,
  early: EARLY,
  ...given,
});

/** The state of one model: making, ready, running, done or failed. */
class Lane {
  constructor(name, race) {
    Object.assign(this, { name, label: MODELS[name].label, race });
    this.waiting = new Map();
    this.open();
  }

  open() {
    const { templates, config, settings } = this.race;
    const own = { ...settings, ...settings.each?.[this.name], model: this.name };
    Object.assign(this, { state: "making", step: 0, steps: own.steps, points: [], rate: 0 });
    this.silent = 0;
    this.worker = new Worker(new URL("./engine/worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(event.message || "the worker could not be loaded");
    };
    this.ask("make", { templates, config, settings: own });
  }

  ask(act, given = {}) {
    this.worker.postMessage({ act, ...given });
  }

  hear({ what, ...content }) {
    this.silent = 0;
    if (what === "made") Object.assign(this, content, { state: "ready" });
    else if (what === "failed") this.fail(content.message);
    else if (what === "progress") {
      const { points, step, isRunning, isDone, rate } = content;
      if (points[0]?.step === 0) this.points = [];
      this.points.push(...points);
      Object.assign(this, { step, rate });
      this.state = isDone ? "done" : isRunning ? "running" : "ready";
    } else {
      this.waiting.get(what)?.shift()?.(content);
    }
    this.race.changed(this);
  }

  /** Send a request that has one answer; null if the worker ends first. */
  answer(act, what, given) {
    return new Promise((resolve) => {
      if (!this.waiting.has(what)) this.waiting.set(what, []);
      this.waiting.get(what).push(resolve);
      this.ask(act, given);
    });
  }

  fail(message) {
    this.close();
    this.state = "failed";
    this.message = message;
    this.race.changed(this);
  }

  /** Count seconds while this page is awake: a training worker that stays silent counts as dead.
   * After the device sleeps, page and worker both continue, so nothing is lost. */
  tick() {
    if (this.state !== "running" && this.state !== "making") return;
    this.silent += 1;
    if (this.silent >= SILENCE) this.fail(`no response for ${SILENCE} seconds`);
  }

  get last() {
    return this.points.at(-1) ?? null;
  }

  /** The newest accuracy on the training set, which is measured less often. */
  get train() {
    return this.points.findLast(({ train }) => train !== null)?.train ?? null;
  }

  /** Seconds until the last step, at the current rate; null while nothing runs. */
  get left() {
    return this.state === "running" && this.rate ? (this.steps - this.step) / this.rate : null;
  }

  close() {
    this.worker.terminate();
    for (const resolve of [...this.waiting.values()].flat()) resolve(null);
    this.waiting.clear();
  }
}

/** A race: `listener(lane)` hears of every change. */
export class Race {
  constructor(templates, config, settings, listener = () => {}) {
    Object.assign(this, { templates, config, listener, settings: raceSettings(settings) });
    this.isWanted = false; // whether models should run: those still being made start when they are ready
    this.lanes = this.settings.models.map((name) => new Lane(name, this));
    this.timer = setInterval(() => this.lanes.forEach((lane) => lane.tick()), 1000);
  }

  changed(lane) {
    if (this.isWanted && lane.state === "ready" && lane.step < lane.steps) lane.ask("run");
    this.listener(lane);
  }

  run() {
    this.isWanted = true;
    for (const lane of this.lanes) if (lane.state === "ready") lane.ask("run");
  }

  pause() {
    this.isWanted = false;
    for (const lane of this.lanes) if (lane.state === "running") lane.ask("pause");
  }

  step(count = 1) {
    this.pause();
    for (const lane of this.lanes) {
      if (lane.state === "ready" || lane.state === "running") lane.ask("step", { count });
    }
  }

  /** Start again from step 0; failed workers are replaced. */
  restart() {
    this.isWanted = false;
    for (const lane of this.lanes) {
      if (lane.state === "failed") lane.open();
      else if (lane.state !== "making") lane.ask("restart");
    }
  }

  lane(name) {
    return this.lanes.find((lane) => lane.name === name);
  }

  get isRunning() {
    return this.lanes.some(({ state }) => state === "running");
  }

  get isDone() {
    return this.lanes.every(({ state }) => state === "done" || state === "failed");
  }

  close() {
    clearInterval(this.timer);
    this.lanes.forEach((lane) => lane.close());
  }
}
