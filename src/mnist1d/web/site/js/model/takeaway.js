/** Exports as text: Python, a command, JSON. */

import { changed } from "./config.js";

// Knobs that do not change the random numbers: the same rows keep the same draws
const BENDS = [
  "seed",
  "scale_coeff",
  "corr_noise_scale",
  "iid_noise_scale",
  "shear_scale",
  "final_seq_length",
  "shuffle_seq",
];

/** How Python's signals agree with the page's: "equal", "raw" (equal before standardisation) or
 * "other" draws. */
export function agreement(knobs, config) {
  const names = Object.keys(changed(knobs, config));
  if (names.some((name) => !BENDS.includes(name))) return "other";
  return names.every((name) => name === "shuffle_seq") ? "equal" : "raw";
}

/** The comment above the code, also shown on the page. */
export const AGREEMENT_TEXT = {
  equal: "The signals on the page, from the published test set.",
  raw: "The signals on the page, up to the mean and standard deviation of the whole set.",
  other: "The same settings as on the page, but other random draws.",
};

/** Python code that makes the set and, if it contains them, selects the signals on the page; `rows`
 * are their indices in the test set. */
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

/** All settings as JSON; `mnist1d.DataConfig.from_json` and this page read it. */
export function toJson(knobs, config) {
  const lines = knobs.map(
    ({ name }) =>
      `  ${JSON.stringify(name)}: ${JSON.stringify(config[name]).replaceAll(",", ", ")}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** The changed settings as Python's keyword arguments. */
export function toArguments(knobs, config) {
  const text = (value) => {
    if (typeof value === "boolean") return value ? "True" : "False";
    return Array.isArray(value) ? `(${value.join(", ")})` : `${value}`;
  };
  const given = Object.entries(changed(knobs, config));
  return given.map(([name, value]) => `${name}=${text(value)}`).join(", ");
}
