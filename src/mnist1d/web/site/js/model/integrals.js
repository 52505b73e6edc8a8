/** The integral over amplitude factor and slope of one component of the mixture, as in
 * mnist1d/observer/integrals.py.
 *
 * With y the whitened signal, a the whitened template and r the whitened ramp, the density given
 * factor s and slope c is exp(-Q/2) up to a constant, where
 * Q(s, c) = |y - s a + c r|^2 = yy - 2 s ya + 2 c yr + s^2 aa - 2 s c ar + c^2 rr.
 * The prior is uniform on a box: s in [low, high], c in [-half, half].
 */

const DROP = 24; // nats below the peak at which the integrand counts as zero
const TINY = 1e-300;
const LOG_2_PI = Math.log(2 * Math.PI);

/** Coefficients of a polynomial in t = (x - 3.75) / (x + 3.75), lowest power first, which gives
 * (1 + 2 x) erfcx(x); written by `mnist1d.observer.integrals.ERFCX_POLYNOMIAL`. */
const ERFCX_SCALE = 3.75;
const ERFCX = [
  1.2375126308378264, -0.14024059858550575, 0.0035854154857627857, 0.08227673848704045,
  -0.10880393015433062, 0.09230432122771155, -0.05869339838397541, 0.02836227674782648,
  -0.009746581262494456, 0.0017556295487634313, 0.0002937218341919264, -0.00029016639136143893,
  5.162479200942778e-05, 2.241015775977701e-05, -1.1397625287921655e-05, -1.0084713725546233e-06,
  1.6939254478276176e-06, -2.7685663849700945e-08, -2.1321360409864602e-07, 8.512559451761331e-09,
  1.7312209083118933e-08,
];

/** exp(x^2) erfc(x) for x >= 0, to 4e-15. */
export function erfcx(x) {
  const t = (x - ERFCX_SCALE) / (x + ERFCX_SCALE);
  let value = 0;
  for (let i = ERFCX.length - 1; i >= 0; i--) value = value * t + ERFCX[i];
  return value / (1 + 2 * x);
}

/** log(Phi(b) - Phi(a)) for a < b, to full precision in both tails and for close limits. */
export function logNormalMass(a, b) {
  if (a + b > 0) [a, b] = [-b, -a]; // the same mass, mostly on the left
  const middle = 0.5 * (a + b);
  const width = b - a;
  if (width * (1 + Math.abs(middle)) < 1e-4) {
    // a difference would cancel, but the density is nearly constant
    const mass = (width * (1 + ((middle ** 2 - 1) * width ** 2) / 24)) / Math.sqrt(2 * Math.PI);
    return -0.5 * middle ** 2 + Math.log(mass);
  }
  const far = 0.5 * erfcx(-a / Math.SQRT2);
  const near = 0.5 * erfcx(Math.abs(b) / Math.SQRT2);
  if (b < 0) return -0.5 * b ** 2 + Math.log(near - far * Math.exp(0.5 * (b ** 2 - a ** 2)));
  return Math.log(1 - near * Math.exp(-0.5 * b ** 2) - far * Math.exp(-0.5 * a ** 2));
}

/** Nodes and weights of Gauss-Legendre quadrature on [-1, 1]. */
export function gaussLegendre(n) {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < 100; round++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= n; k++) {
        [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      }
      slope = (n * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (Math.abs(move) < 1e-16) break;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

const rules = new Map();

function rule(n) {
  if (!rules.has(n)) rules.set(n, gaussLegendre(n));
  return rules.get(n);
}

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/** Q of one component: six numbers, and values derived from them. */
export class Quadratic {
  constructor(yy, ya, yr, aa, ar, rr) {
    Object.assign(this, { yy, ya, yr, aa, ar, rr });
    // of s, once c is integrated over the whole line; 0 if the template itself is a ramp
    this.precision = Math.max(aa - (ar * ar) / rr, 1e-14 * aa + TINY);
  }

  at(s, c) {
    const { yy, ya, yr, aa, ar, rr } = this;
    return yy - 2 * s * ya + 2 * c * yr + s * s * aa - 2 * s * c * ar + c * c * rr;
  }

  /** The slope that minimises Q for a factor, and the factor that minimises Q for a slope. */
  bestSlope(s) {
    return (s * this.ar - this.yr) / this.rr;
  }

  bestFactor(c) {
    return (this.ya + c * this.ar) / Math.max(this.aa, TINY);
  }

  /** The factor that minimises Q without bounds. */
  get freeFactor() {
    return (this.ya - (this.yr * this.ar) / this.rr) / this.precision;
  }

  /** The minimum of Q over the box: at the free minimum if it is inside, otherwise on an edge. */
  minimum({ low, high, half }) {
    const s = this.freeFactor;
    const c = this.bestSlope(s);
    if (s >= low && s <= high && Math.abs(c) <= half) return this.at(s, c);
    let least = Infinity;
    for (const edge of [low, high]) {
      least = Math.min(least, this.at(edge, clip(this.bestSlope(edge), -half, half)));
    }
    for (const edge of [-half, half]) {
      least = Math.min(least, this.at(clip(this.bestFactor(edge), low, high), edge));
    }
    return least;
  }

  /** An upper bound of `logEvidence`: the peak times the smallest of three volumes. */
  upperBound(box) {
    const [factors, slopes] = [box.high - box.low, 2 * box.half];
    const alongFactor = 0.5 * (LOG_2_PI - Math.log(Math.max(this.aa, TINY))) - Math.log(factors);
    const alongSlope = 0.5 * (LOG_2_PI - Math.log(this.rr)) - Math.log(slopes);
    const both =
      LOG_2_PI - Math.log(factors) - Math.log(slopes) - 0.5 * Math.log(this.precision * this.rr);
    return -0.5 * this.minimum(box) + Math.min(alongFactor, alongSlope, both, 0);
  }

  /** The range of factors at which the integrand is within DROP nats of its peak: an ellipse cut by
   * the box. The ends are the ellipse's own if their slope is in range, otherwise those of a chord.
   */
  factorRange(box) {
    const { low, high, half } = box;
    const s = this.freeFactor;
    const level = this.minimum(box) + 2 * DROP;
    const reach = Math.sqrt(Math.max(level - this.at(s, this.bestSlope(s)), 0) / this.precision);
    return [-1, 1].map((sign) => {
      const slope = clip(this.bestSlope(s + sign * reach), -half, half);
      const centre = this.bestFactor(slope);
      const left = Math.max(level - this.at(centre, slope), 0);
      return clip(centre + sign * Math.sqrt(left / Math.max(this.aa, TINY)), low, high);
    });
  }

  /** Log of the mean of exp(-Q/2) over the box: the slope in closed form, the factor by quadrature
   * with `count` nodes. */
  logEvidence(box, count) {
    if (box.low === box.high) return this.logOverSlope(box.low, box.half);
    const { nodes, weights } = rule(count);
    const [low, high] = this.factorRange(box);
    const [middle, reach] = [0.5 * (low + high), 0.5 * (high - low)];
    const logs = new Float64Array(count);
    let peak = -Infinity;
    for (let i = 0; i < count; i++) {
      logs[i] = this.logOverSlope(middle + reach * nodes[i], box.half);
      if (logs[i] > peak) peak = logs[i];
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weights[i] * Math.exp(logs[i] - peak);
    return peak + Math.log(Math.max((sum * reach) / (box.high - box.low), TINY));
  }

  /** Log of the mean of exp(-Q/2) over the slopes, at one factor. */
  logOverSlope(s, half) {
    if (half === 0) return -0.5 * this.at(s, 0);
    const best = this.bestSlope(s);
    const std = this.rr ** -0.5;
    const mass = logNormalMass((-half - best) / std, (half - best) / std);
    return -0.5 * this.at(s, best) + mass + Math.log(std / (2 * half)) + 0.5 * LOG_2_PI;
  }
}

/** How many nodes the quadrature over the factor needs, a power of two from 16 on: by the range of
 * factors that matter, in units of the integrand's finest scale, 1 / sqrt(aa). */
export function nodesNeeded(aa, ar, rr, { low, high }) {
  const precision = Math.max(aa - (ar * ar) / rr, 1e-14 * aa);
  const reach = (2 * Math.sqrt(2 * DROP)) / Math.sqrt(Math.max(precision, TINY));
  const span = Math.min(high - low, reach) * Math.sqrt(aa);
  return Math.max(16, 2 ** Math.ceil(Math.log2(1.25 * span + 8)));
}
