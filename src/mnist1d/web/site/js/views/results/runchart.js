/** Several runs on one axis: a chart of curves, and its content in the colours of the theme. */

import { percent, roundedRange } from "../../chart.js";
import { shade } from "../../palette.js";

/** Exponential moving average, corrected for its start; 0 leaves values as they are. */
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

/** What `Chart.update` takes, of curves {run, steps, mean, low, high, unit} and their runs {id, name,
 * color}. options: {smoothing, yLog, hasBands}.
 */
export function runContent(curves, runs, { smoothing = 0, yLog = false, hasBands = true } = {}) {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const dashes = new Map(); // runs of one colour so far
  const series = curves.map((curve) => {
    const { name, color } = byId.get(curve.run) ?? { name: curve.run, color: "#6e6e6e" };
    const isFine = (y) => y !== null && (!yLog || y > 0);
    const points = curve.steps.map((x, i) => [x, curve.mean[i]]).filter(([, y]) => isFine(y));
    const band = curve.steps
      .map((x, i) => [x, curve.low[i], curve.high[i]])
      .filter(([, low, high]) => isFine(low) && isFine(high));
    const isDashed = dashes.has(color);
    dashes.set(color, true);
    const drawn = smoothed(points, smoothing);
    const isBanded = hasBands && !smoothing;
    return { name, style: "run", color: shade(color), points: drawn, isDashed, band: isBanded ? band : [] };
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

