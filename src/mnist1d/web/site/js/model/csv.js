/** A data set as the csv that `mnist1d.read` takes: one row per signal; the last cell of the first
 * row holds the settings, with a digest of everything. */

import { sha256 } from "./sha256.js";

/** A number as Python writes it. */
function pythonNumber(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/** Canonical JSON, as Python's json.dumps(value, sort_keys=True, separators=(",", ":")). */
export function canonical(value) {
  if (typeof value === "number") return pythonNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

const bytes = (typed) => new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
const floats = (list, shape) => ({ typed: Float64Array.from(list), shape, dtype: "<f8" });
const whole = (list) => {
  const typed = BigInt64Array.from(list, BigInt);
  return { typed, shape: [list.length], dtype: "<i8" };
};

/** signals: [{label, x}], written as test signals so that they read back to the last bit. raw:
 * values before standardisation.
 */
export function toCsv(site, config, signals, { raw, mean, std, t, positions }) {
  const points = signals[0].x.length;
  const { templates } = site;
  const labels = signals.map(({ label }) => templates.y[label]);
  const arrays = {
    x: floats([], [0, points]),
    y: whole([]),
    x_test: floats(
      signals.flatMap(({ x }) => Array.from(x)),
      [signals.length, points],
    ),
    y_test: whole(labels),
    t: floats(t, [t.length]),
    templates_x: floats(templates.x.flat(), [templates.x.length, templates.x[0].length]),
    templates_t: floats(templates.t, [templates.t.length]),
    templates_y: whole(templates.y),
  };
  const values = { t: Array.from(t), templates_x: templates.x, templates_t: templates.t };
  values.templates_y = templates.y;
  if (positions) {
    values.positions = Array.from(positions);
    arrays.positions = whole(values.positions);
  }
  const described = Object.entries(arrays).map(([name, { typed, shape, dtype }]) => [
    name,
    { dtype, shape, sha256: sha256(bytes(typed)) },
  ]);
  const standard = { mean: raw ? 0 : mean, std: raw ? 1 : std };
  const facts = { format: site.file_format, config, mode: null, ...standard };
  const known = { ...facts, arrays: Object.fromEntries(described) };
  const digest = sha256(new TextEncoder().encode(canonical(known)));
  const settings = `"${canonical({ ...known, digest, values }).replaceAll('"', '""')}"`;
  const header = ["split", "y", ...Array.from({ length: points }, (_, i) => `x${i}`), "settings"];
  const rows = signals.map(({ x }, i) => ["test", labels[i], ...x, i ? "" : settings].join(","));
  return [header.join(","), ...rows].join("\n") + "\n";
}
