/** Train one model to the last step, for experiments that need many models. */

import { Race } from "../../race.js";

/** Run tasks, functions that return promises, `atOnce` at a time. */
export async function inTurn(tasks, atOnce = 2) {
  const waiting = [...tasks];
  const work = async () => {
    while (waiting.length) await waiting.shift()();
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** A model that trains to its last step, once or (pruned) several times; an error if it fails. */
export class Trial {
  constructor(templates, config, settings) {
    this.race = new Race(templates, config, { every: 10_000, early: [], ...settings }, (lane) => {
      if (lane.state === "failed") this.reject?.(new Error(lane.message));
      if (lane.state === "done") this.resolve?.(lane.last);
    });
    [this.lane] = this.race.lanes;
  }

  /** Train to the end; the last point of the curves, {step, test, testLoss, train, trainLoss}. */
  run() {
    const result = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.race.run();
    return result;
  }

  /** Drop a fraction of the weights, rewind the rest to their initial values, and train again. */
  prune(share, how) {
    this.lane.state = "ready";
    this.lane.ask("prune", { share, how });
    return this.run();
  }

  close() {
    this.race.close();
  }
}
