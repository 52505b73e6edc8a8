/** The time that a reader takes for an answer: it runs only while the page is visible. */

export class Clock {
  constructor() {
    [this.spent, this.since] = [0, null];
  }

  start() {
    this.since = performance.now();
  }

  stop() {
    [this.spent, this.since] = [this.elapsed, null];
  }

  /** Restart from 0. */
  reset() {
    this.spent = 0;
    this.start();
  }

  /** Milliseconds since the last reset. */
  get elapsed() {
    return this.spent + (this.since ? performance.now() - this.since : 0);
  }
}
