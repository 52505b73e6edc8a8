/** JAX's random numbers, so that a model starts from the same weights here and in Python.
 *
 * Threefry of 2 x 32 bits and twenty rounds; a key is a pair of whole numbers. Number i of a key is
 * Threefry of i (JAX: jax_threefry_partitionable, the default since 0.5).
 */

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** Threefry of the block (0, i) under a key: two numbers of 32 bits. */
function threefry([k0, k1], i) {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  let a = k0 | 0;
  let b = (i + k1) | 0;
  for (let round = 0; round < 5; round++) {
    for (const turn of ROTATIONS[round % 2]) {
      a = (a + b) | 0;
      b = ((b << turn) | (b >>> (32 - turn))) ^ a;
    }
    a = (a + keys[(round + 1) % 3]) | 0;
    b = (b + keys[(round + 2) % 3] + round + 1) | 0;
  }
  return [a, b];
}

/** jax.random.key(seed), a seed below 2 ** 32. */
export const key = (seed) => [0, seed | 0];

/** jax.random.split(key, n): n new keys. */
export const split = (parent, n = 2) => Array.from({ length: n }, (_, i) => threefry(parent, i));

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

/** jax.random.uniform(key, (n,), float32, -bound, bound), to the last bit but one. */
export function uniform(parent, n, bound) {
  const low = Math.fround(-bound);
  const range = Math.fround(Math.fround(bound) - low);
  return Float32Array.from({ length: n }, (_, i) => {
    const [a, b] = threefry(parent, i);
    bits[0] = ((a ^ b) >>> 9) | 0x3f800000; // a number in [1, 2)
    return Math.max(low, Math.fround(float[0] - 1) * range + low);
  });
}
