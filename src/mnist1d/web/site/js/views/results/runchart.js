/** Several runs on one axis: a chart of curves, and its content in the colours of the theme. */

import { percent, roundedRange } from "../../chart.js";
import { s } from "../../dom.js";
import { shade } from "../../palette.js";

const DASHES = 4; // patterns of the lines that share a colour, in css/results.css

/** Exponential moving average, corrected for its start; 0 changes nothing. */
export function smoothed(points, weight) {
  if (!weight) return points;
  let [sum, total] = [0, 0];
  return points.map(([x, y]) => {
    sum = weight * sum + (1 - weight) * y;
    total = weight * total + (1 - weight);
    return [x, sum / total];
  });
}

/** A value of a metric as text. */
export const formatOf = (unit) =>
  unit === "%" ? percent : (value) => `${Number(value.toPrecision(3))}`;

/** The arguments of `Chart.update`, from curves {run, steps, mean, low, high, unit} and their runs
 * {id, name, color}. options: {smoothing, yLog, hasBands}. */
export function runContent(curves, runs, { smoothing = 0, yLog = false, hasBands = true } = {}) {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const drawnIn = new Map(); // how many runs have this colour so far
  const series = curves.map((curve) => {
    const { name, color } = byId.get(curve.run) ?? { name: curve.run, color: "#6e6e6e" };
    const isFine = (y) => y !== null && (!yLog || y > 0);
    const points = curve.steps.map((x, i) => [x, curve.mean[i]]).filter(([, y]) => isFine(y));
    const band = curve.steps
      .map((x, i) => [x, curve.low[i], curve.high[i]])
      .filter(([, low, high]) => isFine(low) && isFine(high));
    const before = drawnIn.get(color) ?? 0;
    drawnIn.set(color, before + 1);
    const style = `run dash-${before % DASHES}`;
    const drawn = smoothed(points, smoothing);
    const isBanded = hasBands && !smoothing;
    return { name, style, color: shade(color), points: drawn, band: isBanded ? band : [] };
  });
  const values = series.flatMap(({ points, band }) => [
    ...points.map(([, y]) => y),
    ...band.flatMap(([, low, high]) => [low, high]),
  ]);
  const isShare = curves.every(({ unit }) => unit === "%") && !yLog;
  const [yMin, yMax] = isShare ? [0, 1] : roundedRange(values, yLog);
  const xMax = Math.max(1, ...curves.map(({ steps }) => steps.at(-1)));
  return { series, references: [], xMax, yMin, yMax, yLog, isBare: true };
}

/** A short piece of a run's line, for a legend. */
export function swatch({ color, style }) {
  const line = s("line", { class: `key ${style}`, x1: 2, x2: 34, y1: 6, y2: 6 });
  line.style.setProperty("--own", color);
  return s("svg", { class: "swatch", viewBox: "0 0 36 12", "aria-hidden": "true" }, line);
}
