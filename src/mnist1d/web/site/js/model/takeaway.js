/** What a reader takes away, as text: Python, a command, JSON, csv. */

import { changed } from "./config.js";

// Knobs that leave the random numbers as they are: the same rows stay the same draws
const BENDS = [
  "seed",
  "scale_coeff",
  "corr_noise_scale",
  "iid_noise_scale",
  "shear_scale",
  "final_seq_length",
  "shuffle_seq",
];

/** How near Python's signals are to the page's: "equal", "raw" (equal before standardisation) or
 * "other" draws. */
export function agreement(knobs, config) {
  const names = Object.keys(changed(knobs, config));
  if (names.some((name) => !BENDS.includes(name))) return "other";
  return names.every((name) => name === "shuffle_seq") ? "equal" : "raw";
}

/** The comment that stands above the code, and on the page beside it. */
export const AGREEMENT_TEXT = {
  equal: "The signals on the page, from the published test set.",
  raw: "The signals on the page, up to the mean and standard deviation of the whole set.",
  other: "The same settings, other random draws than the signals on the page.",
};

/** Python that makes the set and, where it holds them, picks the signals on the page; `rows` are
 * their places in the test set.
 */
export function toPython(knobs, config, rows, raw) {
  const lines = [
    "import mnist1d",
    "",
    `data = mnist1d.make_dataset(${toArguments(knobs, config)})`,
  ];
  const kind = agreement(knobs, config);
  lines.push(`# ${AGREEMENT_TEXT[kind]}`);
  if (kind !== "other") {
    lines.push(`rows = ${JSON.stringify(rows).replaceAll(",", ", ")}`);
    lines.push(
      `x, y = data.x_test[rows]${raw ? " * data.std + data.mean" : ""}, data.y_test[rows]`,
    );
  } else {
    lines.push(`x, y = data.x${raw ? " * data.std + data.mean" : ""}, data.y`);
  }
  return lines.join("\n") + "\n";
}

/** The command that writes the set. */
export function toCommand(knobs, config) {
  const flags = Object.entries(changed(knobs, config)).map(([name, value]) => {
    const flag = `--${name.replaceAll("_", "-")}`;
    if (value === true) return flag;
    return `${flag} ${Array.isArray(value) ? value.join(" ") : value}`;
  });
  return ["mnist1d generate -o mnist1d.npz", ...flags].join(" ");
}

/** All knobs as JSON; `mnist1d.DataConfig.from_json` and this page read it. */
export function toJson(knobs, config) {
  const lines = knobs.map(
    ({ name }) =>
      `  ${JSON.stringify(name)}: ${JSON.stringify(config[name]).replaceAll(",", ", ")}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** The changed knobs as Python's keyword arguments. */
export function toArguments(knobs, config) {
  return Object.entries(changed(knobs, config))
    .map(
      ([name, value]) =>
        `${name}=${value === true ? "True" : value === false ? "False" : Array.isArray(value) ? `(${value.join(", ")})` : value}`,
    )
    .join(", ");
}

/** The signals on the page as csv, in the form that `mnist1d.read` takes: settings first, then a
 * row for each signal.
 *
 * signals: [{label, x}]; the values are written so that they read back the same.
 */
export function toCsv(site, config, signals, { raw, mean, std, t, positions }) {
  const settings = {
    format: site.file_format,
    config,
    mode: null,
    mean: raw ? 0 : mean,
    std: raw ? 1 : std,
    dtype: "float64",
    t: Array.from(t),
    templates: site.templates,
    positions: positions && Array.from(positions),
    sha256: {},
  };
  const header = ["split", "y", ...Array.from(signals[0].x, (_, i) => `x${i}`)];
  const rows = signals.map(({ label, x }) => ["test", site.templates.y[label], ...x].join(","));
  return [`# ${JSON.stringify(settings)}`, header.join(","), ...rows].join("\n") + "\n";
}
