/** One signal on its way through the pipeline, as drawings: a whole number is a stage, a fraction
 * is between two stages. */

export const [PAD, DILATE, TRANSLATE, RESAMPLE] = [1, 2, 4, 8];
export const STAGES = 9;

/** The effect of a stage in a sentence or two, with this signal's own numbers from `draw` and `config`. */
export function sentence(index, draw, config, length) {
  const [low, high] = config.padding;
  const spread = (value) => `${Number((value / 2).toPrecision(3))}`;
  return [
    `The digit ${draw.label} as a template of twelve points, set by hand.`,
    `${draw.padding} zeros are appended, a random number from ${low} to ${high}. More padding makes the digit smaller.`,
    `The signal is stretched to ${length} points by linear interpolation, so that all signals are equally long.`,
    `All values are multiplied by ${draw.factor.toFixed(3)}, drawn from 1 ± ${spread(config.scale_coeff)}.`,
    `The signal moves ${draw.shift} points to the right, drawn from 0 to ${config.max_translation - 1}. Points that leave on the right come back on the left.`,
    `Smooth noise of scale ${config.corr_noise_scale} fills the points around the digit.`,
    `White noise of scale ${config.iid_noise_scale} is added everywhere.`,
    `A ramp of slope ${(-draw.slope).toFixed(3)}, drawn from ± ${spread(config.shear_scale)}, is added: the signal tilts.`,
    `Linear interpolation turns ${length} points into ${config.final_seq_length}. This is the finished signal; the data set standardises it.`,
  ][index];
}

/** The drawing at a position from 0 to 8: {points: [{at, y}] with `at` from 0 to 1, before, marks,
 * dots}. marks: for each point whether this stage changes it; dots: how large points are drawn, 0
 * .. 1.
 */
export function frame(stages, draw, position) {
  const index = Math.min(Math.floor(position), stages.length - 1);
  const share = position - index;
  const length = stages[DILATE].x.length;
  const now = placed(stages, index, length);
  if (share === 0) {
    const before = index ? placed(stages, index - 1, length) : [];
    const dots = Number(index === RESAMPLE);
    return { points: now, before, marks: changes(stages, index), dots };
  }
  const next = placed(stages, index + 1, length);
  const marks = changes(stages, index + 1);
  const dots = index + 1 === RESAMPLE ? share : 0;
  const moves = {
    [PAD]: () => grown(now, next, share),
    [DILATE]: () => stretched(now, share),
    [TRANSLATE]: () => turned(now, draw, share),
    [RESAMPLE]: () => now,
  };
  const between = () => now.map((p, i) => ({ at: p.at, y: p.y + share * (next[i].y - p.y) }));
  const points = (moves[index + 1] ?? between)();
  const isMarked = points.length === marks.length && index + 1 !== TRANSLATE;
  const dotted = dots ? next : undefined;
  return { points, before: now, marks: isMarked ? marks : [], dots, dotted };
}

/** Points of a stage with their positions: in template and padding, a point is as wide as after
 * stretching to `length`. */
function placed(stages, index, length) {
  const { x } = stages[index];
  const last = index < DILATE ? length - 1 : x.length - 1;
  return Array.from(x, (y, i) => ({ at: last ? i / last : 0, y }));
}

/** Which points a stage changes; none if it moves all points without changing values. */
function changes(stages, index) {
  const { x } = stages[index];
  if (index === 0 || index === DILATE || index === RESAMPLE) return Array.from(x, () => false);
  const before = stages[index - 1].x;
  return Array.from(x, (v, i) => i >= before.length || Math.abs(v - before[i]) > 1e-7);
}

const grown = (now, next, share) =>
  next.slice(0, now.length + Math.round(share * (next.length - now.length)));

const stretched = (now, share) => {
  const target = now.length - 1 || 1;
  return now.map((p, i) => ({ at: p.at + share * (i / target - p.at), y: p.y }));
};

function turned(now, draw, share) {
  const n = now.length;
  const shift = draw.shift > n ? 0 : draw.shift;
  const k = Math.round(share * shift);
  return now.map((p, i) => ({ at: p.at, y: now[(i - k + 2 * n) % n].y }));
}
