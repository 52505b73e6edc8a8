/** The kernels in WebAssembly with SIMD: tiles of sums that stay in registers. See kernels.js. */

import { assemble, define, f32, f32x4, i32, loop, V128 } from "./assembler.js";

const FOUR = i32.const(4);

/** Code for 0 to count - 1. */
const times = (code, count) => Array.from({ length: count }, (_, i) => code(i));

/** y[r .. r + height] += w * x over `width` vectors of columns, from the column at byte `c` on. */
function tile(height, width, { terms, w, wRow, wTerm, x, xAt, y }, r, c, variable) {
  const sums = times(() => times(() => variable(V128), width), height);
  const rows = times(() => variable(), height); // where the weights of each row are
  const inputs = times(() => variable(V128), width);
  const [t, at, weight] = [variable(), variable(), variable(V128)];
  const target = (i) =>
    i32.add(i32.load(i32.add(y.get, i32.shl(i32.add(r.get, i32.const(i)), i32.const(2)))), c.get);
  return [
    times(
      (i) => [at.set(target(i)), times((j) => sums[i][j].set(f32x4.load(at.get, 16 * j)), width)],
      height,
    ),
    times(
      (i) => rows[i].set(i32.add(w.get, i32.mul(i32.add(r.get, i32.const(i)), wRow.get))),
      height,
    ),
    loop(t, x.get, i32.add(x.get, i32.shl(terms.get, i32.const(2))), FOUR, [
      at.set(i32.add(i32.add(i32.load(t.get), xAt.get), c.get)),
      times((j) => inputs[j].set(f32x4.load(at.get, 16 * j)), width),
      times(
        (i) => [
          weight.set(f32x4.splatAt(rows[i].get)),
          rows[i].raise(wTerm.get),
          times(
            (j) => sums[i][j].set(f32x4.add(sums[i][j].get, f32x4.mul(weight.get, inputs[j].get))),
            width,
          ),
        ],
        height,
      ),
    ]),
    times(
      (i) => [at.set(target(i)), times((j) => f32x4.store(at.get, sums[i][j].get, 16 * j), width)],
      height,
    ),
  ];
}

/** Loop over i in tiles of `size` while they fit, then one by one. */
const tiled = (i, end, size, whole, single) => [
  loop(i, i32.const(0), i32.sub(end, i32.const(size - 1)), i32.const(size), whole),
  loop(i, i.get, end, i32.const(1), single),
];

const product = define(
  "product",
  9,
  (rows, columns, terms, w, wRow, wTerm, x, xAt, y, variable) => {
    const names = { terms, w, wRow, wTerm, x, xAt, y };
    const [r, c, end] = [variable(), variable(), variable()];
    const across = (width) =>
      tiled(
        r,
        rows.get,
        5,
        tile(5, width, names, r, c, variable),
        tile(1, width, names, r, c, variable),
      );
    return [
      end.set(i32.shl(columns.get, i32.const(2))),
      loop(c, i32.const(0), i32.sub(end.get, i32.const(31)), i32.const(32), across(2)),
      loop(c, c.get, end.get, i32.const(16), across(1)),
    ];
  },
);

/** out[r .. r + height, o .. o + width] += the products of rows. */
function corner(height, width, { others, columns, x, xAt, y, out }, r, o, variable) {
  const sums = times(() => times(() => variable(V128), width), height);
  const [left, right] = [times(() => variable(), height), times(() => variable(), width)];
  const ys = times(() => variable(V128), width);
  const [c, at, value] = [variable(), variable(), variable(V128)];
  const row = (table, i, first) =>
    i32.load(i32.add(table.get, i32.shl(i32.add(first.get, i32.const(i)), i32.const(2))));
  const total = (sum) =>
    f32.add(
      f32.add(f32x4.lane(0, sum.get), f32x4.lane(1, sum.get)),
      f32.add(f32x4.lane(2, sum.get), f32x4.lane(3, sum.get)),
    );
  const place = (i) =>
    i32.add(
      out.get,
      i32.shl(i32.add(i32.mul(i32.add(r.get, i32.const(i)), others.get), o.get), i32.const(2)),
    );
  return [
    times((i) => left[i].set(i32.add(row(x, i, r), xAt.get)), height),
    times((j) => right[j].set(row(y, j, o)), width),
    sums.flat().map((sum) => sum.set(f32x4.zero)),
    loop(c, i32.const(0), i32.shl(columns.get, i32.const(2)), i32.const(16), [
      times((j) => ys[j].set(f32x4.load(i32.add(right[j].get, c.get))), width),
      times(
        (i) => [
          value.set(f32x4.load(i32.add(left[i].get, c.get))),
          times(
            (j) => sums[i][j].set(f32x4.add(sums[i][j].get, f32x4.mul(value.get, ys[j].get))),
            width,
          ),
        ],
        height,
      ),
    ]),
    times(
      (i) => [
        at.set(place(i)),
        times(
          (j) =>
            f32.store(
              i32.add(at.get, i32.const(4 * j)),
              f32.add(f32.load(at.get, 4 * j), total(sums[i][j])),
            ),
          width,
        ),
      ],
      height,
    ),
  ];
}

const gram = define("gram", 7, (rows, others, columns, x, xAt, y, out, variable) => {
  const names = { others, columns, x, xAt, y, out };
  const [r, o] = [variable(), variable()];
  const down = (height) =>
    tiled(
      o,
      others.get,
      2,
      corner(height, 2, names, r, o, variable),
      corner(height, 1, names, r, o, variable),
    );
  return tiled(r, rows.get, 5, down(5), down(1));
});

/** The kernels on this memory; an error if the browser or the site does not allow WebAssembly. */
export async function wasmKernels(memory) {
  const module = await WebAssembly.compile(assemble([product, gram]));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return { name: "WebAssembly SIMD", product: exports.product, gram: exports.gram };
}
