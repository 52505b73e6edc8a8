/** The ideal observer: exact class probabilities by Bayes' rule on the generative process, as in
 * mnist1d/observer/. Its signals are raw: not standardised, positions in order.
 *
 * The process is a mixture with one component for each class, padding and shift. A component's
 * signals are Gaussian given amplitude factor and slope, with a covariance that depends on the
 * shift and on where the dilated template is zero.
 */

import { Quadratic, nodesNeeded } from "./integrals.js";
import { shiftWeights } from "./moments.js";
import { Pipeline, resample, smooth } from "./signals.js";

const CUT = 16; // nats: components that together weigh less than exp(-16) are skipped
const MOST_NUMBERS = 12e6; // kept at the same time, 8 bytes each
const SINGULAR = 1e-13; // smallest pivot over largest below which a covariance has no inverse

/** An error: these settings have no ideal observer, or none that fits in a page; the message says
 * why. */
export class NoObserver extends Error {}

export class Observer {
  constructor(templates, config) {
    this.pipeline = new Pipeline(templates, config);
    this.config = config;
    this.classes = templates.x.length;
    const half = config.scale_coeff / 2;
    this.box = { low: 1 - half, high: 1 + half, half: config.shear_scale / 2 };
    this.seen = new Seen(this.pipeline);
    this.groups = this.makeGroups();
  }

  /** One entry per covariance: {cholesky, ramp, rr, members}; a member is one component. */
  makeGroups() {
    const { config, pipeline, classes } = this;
    const [low, high] = config.padding;
    if (!(config.iid_noise_scale > 0)) {
      throw new NoObserver(
        "Without white noise no signal has a probability density, so there is no ideal observer: " +
          "set White noise (iid_noise_scale) to at least 0.001",
      );
    }
    const weights = shiftWeights(config.max_translation, pipeline.length);
    const shifts = Array.from(weights.keys()).filter((k) => weights[k] > 0);
    const masks = maskedTemplates(pipeline, low, high, classes);
    this.checkSize(masks, shifts.length);
    const smoothing = smoothProduct(pipeline.length);
    const groups = [];
    for (const { mask, members } of masks) {
      for (const shift of shifts) {
        const cholesky = this.factorise(pipeline.translate(mask, shift), smoothing);
        const ramp = solve(cholesky, this.seen.take(pipeline.ramp));
        const prior = Math.log(weights[shift] / (high - low + 1) / classes);
        const rr = dot(ramp, ramp);
        const made = members.map(({ label, x }) => {
          const mean = solve(cholesky, this.seen.take(pipeline.translate(x, shift)));
          const [aa, ar] = [dot(mean, mean), dot(mean, ramp)];
          const nodes = config.scale_coeff > 0 ? nodesNeeded(aa, ar, rr, this.box) : 1;
          return { label, mean, aa, ar, nodes, constant: prior - logPivots(cholesky) };
        });
        groups.push({ cholesky, ramp, rr, members: made });
      }
    }
    return groups;
  }

  checkSize(masks, numShifts) {
    const { points } = this.seen;
    const each = masks.map(({ members }) => (points * (points + 1)) / 2 + members.length * points);
    const numbers = numShifts * each.reduce((a, b) => a + b, 0);
    if (numbers > MOST_NUMBERS) {
      const megabytes = Math.round((8 * numbers) / 1e6);
      throw new NoObserver(
        `The ideal observer of these settings needs ${megabytes} MB, more than this page allows: ` +
          "reduce Padding, Translation or Signal length, or run mnist1d observer",
      );
    }
  }

  /** The Cholesky factor of the covariance of a finished signal, row by row. */
  factorise(mask, smoothing) {
    const { corr_noise_scale: corr, iid_noise_scale: iid } = this.config;
    const { left, right, before, after, points } = this.seen;
    const { length } = mask;
    const at = (i, j) =>
      corr * corr * mask[i] * mask[j] * smoothing[i * length + j] + (i === j ? iid * iid : 0);
    const rows = [];
    for (let i = 0; i < points; i++) {
      const row = new Float64Array(i + 1);
      for (let j = 0; j <= i; j++) {
        row[j] =
          before[i] * before[j] * at(left[i], left[j]) +
          before[i] * after[j] * at(left[i], right[j]) +
          after[i] * before[j] * at(right[i], left[j]) +
          after[i] * after[j] * at(right[i], right[j]);
      }
      rows.push(row);
    }
    return choleskyOf(rows);
  }

  /** The probability of each class for a raw signal (points of the finished signal). */
  probabilities(raw) {
    const y = this.seen.observe(raw);
    const { box, classes } = this;
    const found = [];
    let best = null;
    for (const { cholesky, ramp, rr, members } of this.groups) {
      const white = solve(cholesky, y);
      const [yy, yr] = [dot(white, white), dot(white, ramp)];
      for (const member of members) {
        const q = new Quadratic(yy, dot(white, member.mean), yr, member.aa, member.ar, rr);
        const one = { q, member, bound: q.upperBound(box) + member.constant };
        found.push(one);
        if (!best || one.bound > best.bound) best = one;
      }
    }
    const log = ({ q, member }) => q.logEvidence(box, member.nodes) + member.constant;
    const least = log(best) - CUT - Math.log(found.length); // the sum is at least the best term
    const kept = found.filter(({ bound }) => bound >= least);
    const logs = kept.map(log);
    const peak = logs.reduce((a, b) => Math.max(a, b));
    const shares = new Float64Array(classes);
    kept.forEach(({ member }, i) => (shares[member.label] += Math.exp(logs[i] - peak)));
    const total = shares.reduce((a, b) => a + b);
    return shares.map((share) => share / total);
  }
}

/** The observed points of a finished signal: its own points if they are fewer than those of the
 * pipeline; otherwise those of the pipeline, which the finished ones determine. */
class Seen {
  constructor(pipeline) {
    const { length, last } = pipeline;
    this.plan = last;
    this.isLonger = last.left.length > length;
    this.points = this.isLonger ? length : last.left.length;
    const own = Int32Array.from({ length }, (_, i) => i);
    [this.left, this.right] = this.isLonger ? [own, own] : [last.left, last.right];
    this.after = Float64Array.from({ length: this.points }, (_, i) =>
      this.isLonger || last.right[i] === last.left[i] ? 0 : last.offset[i] / last.spacing[i],
    );
    this.before = this.after.map((share) => 1 - share);
    if (this.isLonger) this.qr = orthogonal(last, length);
  }

  /** A part of a signal before the last resampling, as observed after it. */
  take(x) {
    return this.isLonger ? x : resample(x, this.plan);
  }

  observe(raw) {
    if (!this.isLonger) return raw;
    const { q, r } = this.qr; // least squares: x = R^-1 Q^T raw
    const x = Float64Array.from(q, (column) => dot(column, raw));
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = i + 1; j < x.length; j++) x[i] -= r[j][i] * x[j];
      x[i] /= r[i][i];
    }
    return x;
  }
}

/** QR decomposition of a resampling plan's matrix, by Gram-Schmidt, done twice against rounding
 * errors: columns q, and r as [column][row]. */
function orthogonal(plan, length) {
  const q = [];
  const r = [];
  for (let i = 0; i < length; i++) {
    const unit = Float64Array.from({ length }, (_, j) => Number(i === j));
    const column = resample(unit, plan);
    const own = new Float64Array(i + 1);
    for (let round = 0; round < 2; round++) {
      q.forEach((other, j) => {
        const share = dot(other, column);
        own[j] += share;
        for (let k = 0; k < column.length; k++) column[k] -= share * other[k];
      });
    }
    own[i] = Math.sqrt(dot(column, column));
    q.push(column.map((value) => value / own[i]));
    r.push(own);
  }
  return { q, r };
}

/** Dilated templates, grouped by where they are zero: [{mask, members: [{label, x}]}]; the mask is
 * 1 where noise replaces nothing. */
function maskedTemplates(pipeline, low, high, classes) {
  const found = new Map();
  for (let padding = low; padding <= high; padding++) {
    for (let label = 0; label < classes; label++) {
      const x = pipeline.dilated(label, padding);
      const mask = x.map((value) => Number(value === 0));
      const key = mask.join("");
      if (!found.has(key)) found.set(key, { mask, members: [] });
      found.get(key).members.push({ label, x });
    }
  }
  return [...found.values()];
}

/** The covariance of smooth noise of unit scale, length * length. */
function smoothProduct(length) {
  const columns = Array.from({ length }, (_, i) =>
    smooth(Float64Array.from({ length }, (_, j) => Number(i === j))),
  );
  const out = new Float64Array(length * length);
  for (const column of columns) {
    for (let i = 0; i < length; i++) {
      if (column[i] === 0) continue;
      for (let j = 0; j < length; j++) out[i * length + j] += column[i] * column[j];
    }
  }
  return out;
}

/** The lower Cholesky factor of a matrix, given and returned as rows up to the diagonal. */
function choleskyOf(rows) {
  let [smallest, largest] = [Infinity, 0];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    for (let j = 0; j <= i; j++) {
      let sum = row[j];
      for (let k = 0; k < j; k++) sum -= row[k] * rows[j][k];
      if (j < i) row[j] = sum / rows[j][j];
      else {
        [smallest, largest] = [Math.min(smallest, sum), Math.max(largest, sum)];
        row[i] = Math.sqrt(sum);
      }
    }
  }
  if (!(smallest > SINGULAR * largest)) {
    throw new NoObserver(
      "The signals of these settings have no probability density in this precision: " +
        "raise White noise (iid_noise_scale)",
    );
  }
  return rows;
}

/** L^-1 x. */
function solve(rows, x) {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    let sum = x[i];
    for (let j = 0; j < i; j++) sum -= row[j] * out[j];
    out[i] = sum / row[i];
  }
  return out;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Half the log of the determinant. */
const logPivots = (rows) => rows.reduce((sum, row, i) => sum + Math.log(row[i]), 0);
