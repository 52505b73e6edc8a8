/** The arithmetic of training, twice with one interface: WebAssembly with SIMD, and plain
 * JavaScript where a browser is too old or a site's rules forbid WebAssembly.
 *
 * A matrix is a table of the addresses of its rows (bytes, in one memory), so that a convolution is
 * a product like any other: a row of its patches is a row of its input at another time, and nothing
 * is copied. Rows hold one number per signal of the batch, a multiple of LANES.
 *
 * product(rows, columns, terms, w, wRow, wTerm, x, xAt, y): y[r] += sum over t of w[r, t] * x[t].
 *   w[r, t] is at w + r * wRow + t * wTerm; x and y are tables; xAt is added to x's addresses.
 * gram(rows, others, columns, x, xAt, y, out): out[r, o] += sum over columns of x[r] * y[o].
 *   x and y are tables; out is rows * others numbers.
 */

import { jsKernels } from "./jskernels.js";
import { wasmKernels } from "./wasmkernels.js";

export const LANES = 4;

/** The fastest kernels on this memory that this browser and this site allow. */
export async function fastest(memory) {
  try {
    return await wasmKernels(memory);
  } catch {
    return jsKernels(memory);
  }
}
