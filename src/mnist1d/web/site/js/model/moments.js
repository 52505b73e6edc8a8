/** The expected mean and standard deviation of a config's signals, which standardise what the page
 * draws.
 *
 * A raw point is factor * a + slope * ramp + noise, a being the dilated and shifted template; the
 * parts are independent, so second moments add up. Resampling mixes two neighbours, so only three
 * sums over classes and paddings are needed: of squares, of products of neighbours, and of empty
 * points. They are computed first, then the shifts and the finished points.
 */

import { Pipeline, smoothingRow } from "./signals.js";

const covariances = new Map(); // by L: variance of the smooth noise at each point, and covariance with the next

function smoothCovariance(length) {
  if (!covariances.has(length)) {
    const rows = Array.from({ length }, (_, i) => smoothingRow(i, length));
    const product = (a, b) => a.reduce((sum, weight, k) => sum + weight * b[k], 0);
    covariances.set(length, {
      own: Float64Array.from(rows, (row) => product(row, row)),
      next: Float64Array.from(rows, (row, i) => (i + 1 < length ? product(row, rows[i + 1]) : 0)),
    });
  }
  return covariances.get(length);
}

let summed = {}; // the last sums; noise, slope and shift do not change them

/** Sums over classes and paddings at each point between the resamplings. */
function sumsOf(templates, pipeline, [low, high]) {
  const { length } = pipeline;
  const isKept = summed.length === length && summed.low === low && summed.high === high;
  if (isKept && summed.templates === templates) return summed;
  const [value, square, product, empty, bothEmpty] = Array.from(
    { length: 5 },
    () => new Float64Array(length),
  );
  for (let padding = low; padding <= high; padding++) {
    for (let label = 0; label < templates.x.length; label++) {
      const a = pipeline.dilated(label, padding);
      for (let i = 0; i < length; i++) {
        const next = i + 1 < length ? a[i + 1] : a[0];
        value[i] += a[i];
        square[i] += a[i] * a[i];
        product[i] += a[i] * next;
        if (a[i] === 0) {
          empty[i]++;
          if (next === 0) bothEmpty[i]++;
        }
      }
    }
  }
  summed = { templates, length, low, high, value, square, product, empty, bothEmpty };
  return summed;
}

/** {mean, std} over all points of all signals of these settings. */
export function expectedMoments(templates, config) {
  const pipeline = new Pipeline(templates, config);
  const { length } = pipeline;
  const [low, high] = config.padding;
  const sums = sumsOf(templates, pipeline, config.padding);
  const count = (high - low + 1) * templates.x.length;
  const shifts = shiftWeights(config.max_translation, length);
  const { own, next } = smoothCovariance(length);
  const { left, right, spacing, offset } = pipeline.last;
  let mean = 0;
  let template = 0;
  let corr = 0;
  let white = 0;
  let ramp = 0;
  for (let j = 0; j < left.length; j++) {
    const [l, r] = [left[j], right[j]];
    const after = r > l ? offset[j] / spacing[j] : 0;
    const before = 1 - after;
    for (let k = 0; k < length; k++) {
      if (!shifts[k]) continue;
      const i = l < k ? l - k + length : l - k;
      const ii = i + 1 < length ? i + 1 : 0;
      mean += shifts[k] * (before * sums.value[i] + after * sums.value[ii]);
      template +=
        shifts[k] *
        (before ** 2 * sums.square[i] +
          2 * before * after * sums.product[i] +
          after ** 2 * sums.square[ii]);
      const covariance = 2 * before * after * sums.bothEmpty[i] * next[l];
      corr +=
        shifts[k] *
        (before ** 2 * sums.empty[i] * own[l] + covariance + after ** 2 * sums.empty[ii] * own[r]);
    }
    white += before ** 2 + after ** 2;
    ramp += (before * pipeline.ramp[l] + after * pipeline.ramp[r]) ** 2;
  }
  const points = left.length;
  mean /= count * points;
  const second =
    ((1 + config.scale_coeff ** 2 / 12) * template + config.corr_noise_scale ** 2 * corr) /
      (count * points) +
    (config.iid_noise_scale ** 2 * white + (config.shear_scale ** 2 / 12) * ramp) / points;
  return { mean, std: Math.sqrt(Math.max(second - mean ** 2, 0)) };
}

/** Probability of each circular shift 0 to L - 1; a shift beyond the length leaves a signal
 * unchanged, and so does a full turn. */
export function shiftWeights(maxTranslation, length) {
  const weights = new Float64Array(length);
  for (let k = 0; k < maxTranslation; k++) weights[k >= length ? 0 : k] += 1 / maxTranslation;
  return weights;
}
