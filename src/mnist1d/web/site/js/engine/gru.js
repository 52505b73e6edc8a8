/** A bidirectional GRU of one value per time step, with PyTorch's cell: two GRUs, one of which runs
 * backward in time. */

import { sigmoid, tanh } from "./activations.js";
import { Field } from "./network.js";

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** One direction. w: (3 * hidden, 1 + hidden + 2): of the input, of the state, and both biases;
 * gates in the order reset, update, new. Arrays are (rows, time, batch); states have a first time
 * step of 0.
 */
class Direction {
  constructor(arena, time, hidden, columns) {
    Object.assign(this, { time, hidden, columns, fanIn: hidden, terms: hidden + 3 });
    this.size = 3 * hidden * this.terms;
    const block = (rows, steps) => {
      const address = arena.numbers(rows * steps * columns);
      return (row, t = 0) => address + 4 * columns * (row * steps + t);
    };
    [this.x, this.ones, this.zeros] = range(3).map(() => block(1, time));
    [this.state, this.dState] = range(2).map(() => block(hidden, time + 1));
    [this.fromInput, this.fromState, this.dInput, this.dFromState] = range(4).map(() =>
      block(3 * hidden, time),
    );
    const gates = range(3 * hidden);
    const terms = (value, bias, state) => [value, ...range(hidden).map(state), ...bias];
    const [ones, zeros] = [this.ones(0), this.zeros(0)];
    this.inputTerms = arena.table(terms(this.x(0), [ones, zeros], () => zeros));
    this.stateTerms = arena.table(terms(zeros, [zeros, ones], (h) => this.state(h, 0)));
    this.termsAt = range(time).map((t) =>
      arena.table(terms(zeros, [zeros, ones], (h) => this.state(h, t))),
    );
    this.inputRows = arena.table(gates.map((g) => this.fromInput(g)));
    this.stateRows = range(time).map((t) => arena.table(gates.map((g) => this.fromState(g, t))));
    this.dInputRows = arena.table(gates.map((g) => this.dInput(g)));
    this.dStateRows = arena.table(gates.map((g) => this.dFromState(g)));
    this.dGatesAt = range(time).map((t) => arena.table(gates.map((g) => this.dFromState(g, t))));
    this.dStateAt = range(time).map((t) =>
      arena.table(range(hidden).map((h) => this.dState(h, t))),
    );
  }

  forward({ kernels, numbers }) {
    const { time, hidden, columns, w, terms, size } = this;
    const rows = 3 * hidden;
    numbers.fill(1, this.ones(0) / 4, this.ones(0) / 4 + time * columns);
    for (const block of [this.fromInput, this.fromState]) {
      numbers.fill(0, block(0) / 4, block(0) / 4 + rows * time * columns);
    }
    kernels.product(
      rows,
      time * columns,
      terms,
      w,
      4 * terms,
      4,
      this.inputTerms,
      0,
      this.inputRows,
    );
    for (let t = 0; t < time; t++) {
      kernels.product(rows, columns, terms, w, 4 * terms, 4, this.termsAt[t], 0, this.stateRows[t]);
      for (let h = 0; h < hidden; h++) this.cell(numbers, h, t);
    }
    return size;
  }

  /** Addresses for unit h at time t: the input's and the state's parts of its three gates, and its
   * states. */
  places(h, t) {
    const { hidden } = this;
    const three = (block) => [h, h + hidden, h + 2 * hidden].map((row) => block(row, t) / 4);
    return [
      three(this.fromInput),
      three(this.fromState),
      this.state(h, t) / 4,
      this.state(h, t + 1) / 4,
    ];
  }

  /** The gates replace the input's parts: r, z, n; the state's part of n stays for the gradient. */
  cell(numbers, h, t) {
    const [[ir, iz, n], [sr, sz, sn], before, after] = this.places(h, t);
    for (let c = 0; c < this.columns; c++) {
      const reset = sigmoid(numbers[ir + c] + numbers[sr + c]);
      const update = sigmoid(numbers[iz + c] + numbers[sz + c]);
      const fresh = tanh(numbers[n + c] + reset * numbers[sn + c]);
      [numbers[ir + c], numbers[iz + c], numbers[n + c]] = [reset, update, fresh];
      numbers[after + c] = fresh + update * (numbers[before + c] - fresh);
    }
  }

  /** The backward pass, from the gradients of the outputs; the part that flows back in time is
   * added here. */
  backward({ kernels, numbers }) {
    const { time, hidden, columns, w, dw, terms } = this;
    const rows = 3 * hidden;
    for (let t = time - 1; t >= 0; t--) {
      for (let h = 0; h < hidden; h++) this.cellBackward(numbers, h, t);
      kernels.product(
        hidden,
        columns,
        rows,
        w + 4,
        4,
        4 * terms,
        this.dGatesAt[t],
        0,
        this.dStateAt[t],
      );
    }
    kernels.gram(rows, terms, time * columns, this.dInputRows, 0, this.inputTerms, dw);
    kernels.gram(rows, terms, time * columns, this.dStateRows, 0, this.stateTerms, dw);
  }

  cellBackward(numbers, h, t) {
    const [[r, z, n], [, , sn], before] = this.places(h, t);
    const gates = [h, h + this.hidden, h + 2 * this.hidden];
    const [dir, diz, din] = gates.map((row) => this.dInput(row, t) / 4);
    const [dsr, dsz, dsn] = gates.map((row) => this.dFromState(row, t) / 4);
    const [dBefore, dAfter] = [this.dState(h, t) / 4, this.dState(h, t + 1) / 4];
    for (let c = 0; c < this.columns; c++) {
      const [reset, update, fresh] = [numbers[r + c], numbers[z + c], numbers[n + c]];
      const d = numbers[dAfter + c];
      const dFresh = d * (1 - update) * (1 - fresh * fresh);
      const dUpdate = d * (numbers[before + c] - fresh) * update * (1 - update);
      const dReset = dFresh * numbers[sn + c] * reset * (1 - reset);
      [numbers[dir + c], numbers[diz + c], numbers[din + c]] = [dReset, dUpdate, dFresh];
      [numbers[dsr + c], numbers[dsz + c], numbers[dsn + c]] = [dReset, dUpdate, dFresh * reset];
      numbers[dBefore + c] += d * update;
    }
  }
}

/** Both directions; output (time, 2 * hidden, batch): at each time the forward state, then the
 * other.
 */
export class Gru {
  constructor(arena, signals, hidden, columns) {
    const { time } = signals;
    this.signals = signals;
    this.layers = range(2).map(() => new Direction(arena, time, hidden, columns));
    this.output = new Field(arena, time, 2 * hidden, columns);
    const steps = range(time);
    this.moves = this.layers.flatMap((layer, i) =>
      steps.flatMap((t) =>
        range(hidden).map((h) => {
          const step = 1 + (i ? time - 1 - t : t);
          return [layer.state(h, step) / 4, layer.dState(h, step) / 4, t, i * hidden + h];
        }),
      ),
    );
    Object.assign(this, { time, hidden, columns });
  }

  forward(context, at) {
    const { numbers } = context;
    const { time, columns, signals, output } = this;
    this.layers.forEach((layer, i) => {
      for (let t = 0; t < time; t++) {
        const from = (signals.row("value", 0, i ? time - 1 - t : t) + at) / 4;
        numbers.copyWithin(layer.x(0, t) / 4, from, from + columns);
      }
      layer.forward(context);
    });
    for (const [state, , t, channel] of this.moves) {
      numbers.copyWithin(output.row("value", t, channel) / 4, state, state + columns);
    }
  }

  backward(context) {
    const { numbers } = context;
    const { columns, output, time, hidden } = this;
    for (const layer of this.layers) {
      const start = layer.dState(0) / 4;
      numbers.fill(0, start, start + hidden * (time + 1) * columns);
    }
    for (const [, dState, t, channel] of this.moves) {
      const from = output.row("gradient", t, channel) / 4;
      numbers.copyWithin(dState, from, from + columns);
    }
    for (const layer of this.layers) layer.backward(context);
  }
}
