/** The parts of a network: a memory, arrays in it, and the one layer with weights.
 *
 * Features come first and the batch last, as in the package's own convolution: a row holds one
 * number for each signal of a batch, and every product runs along rows.
 */

import { LANES } from "./kernels.js";

const PAGE = 65536; // bytes

/** Plans the layout, then allocates the memory: `numbers` and `table` return addresses (bytes). */
export class Arena {
  constructor() {
    this.bytes = 64;
    this.tables = [];
  }

  /** Room for n float32 numbers, all 0 at the start. */
  numbers(n) {
    const address = this.bytes;
    this.bytes += 16 * Math.ceil(n / LANES);
    return address;
  }

  /** A table of addresses, as the kernels take them. */
  table(addresses) {
    const address = this.numbers(addresses.length);
    this.tables.push([address, addresses]);
    return address;
  }

  /** The memory, with its tables written. */
  build() {
    const pages = Math.ceil(this.bytes / PAGE);
    const memory = globalThis.WebAssembly
      ? new WebAssembly.Memory({ initial: pages })
      : { buffer: new ArrayBuffer(pages * PAGE) };
    const words = new Int32Array(memory.buffer);
    for (const [address, rows] of this.tables) words.set(rows, address / 4);
    return memory;
  }
}

/** Values and their gradients, (channels, time, batch): `value` and `gradient` are addresses. */
export class Field {
  constructor(arena, channels, time, columns) {
    Object.assign(this, { channels, time, columns, size: channels * time * columns });
    this.value = arena.numbers(this.size);
    this.gradient = arena.numbers(this.size);
  }

  /** The address of a row of `part`, "value" or "gradient". */
  row(part, channel, time = 0) {
    return this[part] + 4 * this.columns * (channel * this.time + time);
  }
}

/** The layout of signals: one row per time step, then a row of ones and a row of zeros of the same
 * length. */
export class Signals {
  constructor(arena, time, columns) {
    Object.assign(this, { channels: 1, time, columns });
    this.value = arena.numbers((time + 2) * columns);
    [this.ones, this.zeros] = [this.row("value", 0, time), this.row("value", 0, time + 1)];
  }

  row(part, channel, time = 0) {
    return this[part] + 4 * this.columns * time;
  }
}

/** Rows that never change, `columns` numbers each: ones, zeros, and a row for output that is not
 * read. */
export class Constants {
  constructor(arena, columns) {
    [this.ones, this.zeros, this.sink] = [1, 2, 3].map(() => arena.numbers(columns));
    this.columns = columns;
  }
}

/** A linear map of patches of its input, the bias as the weights of a constant 1. A convolution has
 * one patch per output position; a dense layer has one patch that covers everything.
 *
 * w: (terms, outputs), the bias last. patches(part): for each position the rows of its patch, in
 * the order of w; part is "value" or "gradient". An input of Signals has no gradients.
 */
export class Linear {
  constructor(arena, input, outputs, columns, constants, patches) {
    const { ones } = input instanceof Signals ? input : constants;
    const values = patches("value");
    this.output = new Field(arena, outputs, values.length, columns);
    this.outputs = outputs;
    this.columns = columns;
    this.fanIn = values[0].length;
    this.terms = this.fanIn + 1;
    this.size = this.terms * outputs;
    this.isFirst = input instanceof Signals;
    const results = (part) =>
      values.map((_, position) =>
        arena.table(Array.from({ length: outputs }, (_, o) => this.output.row(part, o, position))),
      );
    this.x = values.map((rows) => arena.table([...rows, ones]));
    this.dx = this.isFirst ? [] : patches("gradient").map((rows) => arena.table(rows));
    [this.y, this.dy] = [results("value"), results("gradient")];
  }

  /** output = input * w; if the input is Signals, `at` (bytes) is the first signal. */
  forward({ kernels, numbers }, at) {
    const { terms, outputs, columns, w, output } = this;
    const offset = this.isFirst ? at : 0;
    numbers.fill(0, output.value / 4, output.value / 4 + output.size);
    for (let i = 0; i < this.x.length; i++) {
      kernels.product(outputs, columns, terms, w, 4, 4 * outputs, this.x[i], offset, this.y[i]);
    }
  }

  /** Add to the gradients of w and of the input. */
  backward({ kernels }, at) {
    const { terms, outputs, columns, w, dw, fanIn } = this;
    const offset = this.isFirst ? at : 0;
    for (let i = 0; i < this.x.length; i++) {
      kernels.gram(terms, outputs, columns, this.x[i], offset, this.dy[i], dw);
      if (this.isFirst) continue;
      kernels.product(fanIn, columns, outputs, w, 4 * outputs, 4, this.dy[i], 0, this.dx[i]);
    }
  }
}

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** One patch of all rows: channel, then time. */
export const whole = (input) => (part) => [
  range(input.channels).flatMap((c) => range(input.time).map((t) => input.row(part, c, t))),
];

/** The patches of a convolution, padded with zeros: time within the kernel, then channel. */
export function sliding(input, constants, { kernel, stride, padding }) {
  const positions = Math.floor((input.time + 2 * padding - kernel) / stride) + 1;
  const { zeros } = input instanceof Signals ? input : constants;
  return (part) =>
    range(positions).map((position) =>
      range(kernel).flatMap((k) => {
        const time = position * stride + k - padding;
        const isInside = time >= 0 && time < input.time;
        const outside = part === "value" ? zeros : constants.sink;
        return range(input.channels).map((c) => (isInside ? input.row(part, c, time) : outside));
      }),
    );
}
