/** The kernels in JavaScript, four terms or rows at a time, so that each number loaded is used in
 * four products. Sums are taken in double precision, so the last bits differ. See kernels.js. */
export function jsKernels(memory) {
  const [numbers, addresses] = [new Float32Array(memory.buffer), new Int32Array(memory.buffer)];
  const rowOf = (table, i) => addresses[(table >> 2) + i] >> 2;

  function addFour(to, columns, weights, from) {
    const [w0, w1, w2, w3] = weights;
    const [x0, x1, x2, x3] = from;
    for (let c = 0; c < columns; c++) {
      numbers[to + c] +=
        w0 * numbers[x0 + c] + w1 * numbers[x1 + c] + w2 * numbers[x2 + c] + w3 * numbers[x3 + c];
    }
  }

  function dotFour(left, columns, rights, at) {
    const [y0, y1, y2, y3] = rights;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let c = 0; c < columns; c++) {
      const value = numbers[left + c];
      s0 += value * numbers[y0 + c];
      s1 += value * numbers[y1 + c];
      s2 += value * numbers[y2 + c];
      s3 += value * numbers[y3 + c];
    }
    [s0, s1, s2, s3].forEach((sum, i) => (numbers[at + i] += sum));
  }

  return {
    name: "JavaScript",
    product(rows, columns, terms, w, wRow, wTerm, x, xAt, y) {
      for (let r = 0; r < rows; r++) {
        const to = rowOf(y, r);
        const weight = (t) => numbers[(w + r * wRow + t * wTerm) >> 2];
        const from = (t) => rowOf(x, t) + (xAt >> 2);
        let t = 0;
        for (; t + 4 <= terms; t += 4) {
          addFour(
            to,
            columns,
            [weight(t), weight(t + 1), weight(t + 2), weight(t + 3)],
            [from(t), from(t + 1), from(t + 2), from(t + 3)],
          );
        }
        for (; t < terms; t++) addFour(to, columns, [weight(t), 0, 0, 0], [from(t), to, to, to]);
      }
    },
    gram(rows, others, columns, x, xAt, y, out) {
      for (let r = 0; r < rows; r++) {
        const left = rowOf(x, r) + (xAt >> 2);
        const at = (out >> 2) + r * others;
        let o = 0;
        for (; o + 4 <= others; o += 4)
          dotFour(
            left,
            columns,
            [rowOf(y, o), rowOf(y, o + 1), rowOf(y, o + 2), rowOf(y, o + 3)],
            at + o,
          );
        for (; o < others; o++) {
          const right = rowOf(y, o);
          let sum = 0;
          for (let c = 0; c < columns; c++) sum += numbers[left + c] * numbers[right + c];
          numbers[at + o] += sum;
        }
      }
    },
  };
}
