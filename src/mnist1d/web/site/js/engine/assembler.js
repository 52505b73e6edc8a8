/** WebAssembly assembled in the page: only what the two kernels need.
 *
 * Code is nested arrays of bytes, operands before their instruction; `assemble` flattens them. So
 * the page ships readable source instead of a binary and needs no toolchain.
 */

export const [I32, V128] = [0x7f, 0x7b];
const [VOID, FUNCTION, BLOCK, LOOP, BRANCH, BRANCH_IF, END] = [
  0x40, 0x60, 0x02, 0x03, 0x0c, 0x0d, 0x0b,
];

/** An unsigned number as LEB128. */
function unsigned(n) {
  const bytes = [];
  do {
    const more = n > 127;
    bytes.push((n & 127) | (more ? 128 : 0));
    n >>>= 7;
  } while (n);
  return bytes;
}

/** A signed number as LEB128. */
function signed(n) {
  const bytes = [];
  for (;;) {
    const byte = n & 127;
    n >>= 7;
    const isLast = (n === 0 && !(byte & 64)) || (n === -1 && byte & 64);
    bytes.push(isLast ? byte : byte | 128);
    if (isLast) return bytes;
  }
}

const simple =
  (opcode) =>
  (...operands) => [operands, opcode];
const simd =
  (opcode) =>
  (...operands) => [operands, 0xfd, unsigned(opcode)];
const ALIGN = 2; // log2 of the alignment of every access: four bytes
const access =
  (opcode) =>
  (address, offset = 0) => [address, opcode, ALIGN, unsigned(offset)];
const simdAccess =
  (opcode) =>
  (address, offset = 0) => [address, 0xfd, opcode, ALIGN, unsigned(offset)];

export const i32 = {
  const: (n) => [0x41, signed(n)],
  add: simple(0x6a),
  sub: simple(0x6b),
  mul: simple(0x6c),
  shl: simple(0x74),
  less: simple(0x48), // signed
  load: access(0x28),
};
export const f32 = {
  add: simple(0x92),
  load: access(0x2a),
  store: (address, value) => [address, value, 0x38, ALIGN, 0],
};
export const f32x4 = {
  add: simd(0xe4),
  mul: simd(0xe6),
  lane: (n, vector) => [vector, 0xfd, 0x1f, n],
  load: simdAccess(0x00),
  splatAt: simdAccess(0x09), // one number from memory, four times
  store: (address, value, offset = 0) => [address, value, 0xfd, 0x0b, ALIGN, unsigned(offset)],
  zero: [0xfd, 0x0c, Array(16).fill(0)],
};

/** A variable of a function: `get` reads it, `set` writes it, `raise` adds to it. */
class Variable {
  constructor(index) {
    this.index = unsigned(index);
    this.get = [0x20, this.index];
  }

  set(value) {
    return [value, 0x21, this.index];
  }

  raise(value) {
    return this.set(i32.add(this.get, value));
  }
}

/** for (i = from; i < to; i += step) body. All arguments are code, except i, a variable. */
export const loop = (i, from, to, step, ...body) => [
  i.set(from),
  BLOCK,
  VOID,
  i32.less(i.get, to),
  0x45,
  BRANCH_IF,
  0,
  LOOP,
  VOID,
  body,
  i.raise(step),
  i32.less(i.get, to),
  BRANCH_IF,
  0,
  END,
  END,
];

/** A function: its name, its parameters (all i32) and code(...parameters, variable), where
 * variable(type) declares a local. */
export function define(name, numParameters, code) {
  const locals = [];
  const variable = (type = I32) => new Variable(numParameters + locals.push(type) - 1);
  const parameters = Array.from({ length: numParameters }, (_, i) => new Variable(i));
  const body = code(...parameters, variable);
  return {
    name,
    numParameters,
    body: [unsigned(locals.length), locals.map((type) => [1, type]), body, END],
  };
}

const sized = (content) => {
  const bytes = content.flat(Infinity);
  return [unsigned(bytes.length), bytes];
};
const section = (id, items) => [id, sized([unsigned(items.length), items])];
const text = (string) => sized([...new TextEncoder().encode(string)]);

/** The bytes of a module that imports env.memory and exports these functions. */
export function assemble(functions) {
  const types = functions.map((f) => [
    FUNCTION,
    unsigned(f.numParameters),
    Array(f.numParameters).fill(I32),
    0,
  ]);
  const memory = [text("env"), text("memory"), 0x02, 0x00, 1];
  const bytes = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, types),
    section(2, [memory]),
    section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    section(
      7,
      functions.map(({ name }, i) => [text(name), 0x00, unsigned(i)]),
    ),
    section(
      10,
      functions.map(({ body }) => sized(body)),
    ),
  ];
  return Uint8Array.from(bytes.flat(Infinity));
}
