/** One signal on its way through the pipeline, as drawings: a whole number is a stage, what lies between moves from one to the next. */

export const [PAD, DILATE, TRANSLATE, RESAMPLE] = [1, 2, 4, 8];

/** What a stage does, in one sentence; `draw` and `config` give this signal's own numbers. */
export function sentence(index, draw, config, length) {
  const [low, high] = config.padding;
  return [
    `Twelve hand-set points are the digit ${draw.label}.`,
    `${draw.padding} zeros are appended, drawn from ${low} to ${high}: the more, the smaller the digit in the end.`,
    `All of it is stretched to ${length} points by linear interpolation, so that every signal is as long.`,
    `Values are multiplied by ${draw.factor.toFixed(3)}, drawn from 1 ± ${config.scale_coeff / 2}.`,
    `Points move ${draw.shift} to the right, drawn from 0 to ${config.max_translation - 1}; what leaves on the right comes back on the left.`,
    `Smooth noise of scale ${config.corr_noise_scale} fills the places where the digit is not: a model cannot tell them by their being zero.`,
    `White noise of scale ${config.iid_noise_scale} is added everywhere.`,
    `A ramp of slope ${(-draw.slope).toFixed(3)} is added, drawn from ± ${config.shear_scale / 2}: the signal leans.`,
    `The ${length} points become ${config.final_seq_length} by linear interpolation: the finished signal, before it is standardised.`,
  ][index];
}

/** The drawing at a position 0 .. 8: {points: [{at, y}] with `at` from 0 to 1, before, marks: [boolean], dots: 0 .. 1}. */
export function frame(stages, draw, position) {
  const index = Math.min(Math.floor(position), stages.length - 1);
  const share = position - index;
  const length = stages[DILATE].x.length;
  const now = placed(stages, index, length);
  if (share === 0) return { points: now, before: index ? placed(stages, index - 1, length) : [], marks: changes(stages, index), dots: Number(index === RESAMPLE) };
  const next = placed(stages, index + 1, length);
  const marks = changes(stages, index + 1);
  const dots = index + 1 === RESAMPLE ? share : 0;
  const move = { [PAD]: () => grown(now, next, share), [DILATE]: () => stretched(now, share), [TRANSLATE]: () => turned(now, draw, share) }[index + 1];
  const moved = move?.() ?? (dots ? now : now.map((p, i) => ({ at: p.at, y: p.y + share * (next[i].y - p.y) })));
  return { points: moved, before: now, marks: moved.length === marks.length && index + 1 !== TRANSLATE ? marks : [], dots, dotted: dots ? next : undefined };
}

/** Points of a stage with their places: in template and padding a point is as wide as after the stretch to `length`. */
function placed(stages, index, length) {
  const { x } = stages[index];
  const last = index < DILATE ? length - 1 : x.length - 1;
  return Array.from(x, (y, i) => ({ at: last ? i / last : 0, y }));
}

/** Which points a stage changed. */
function changes(stages, index) {
  const { x } = stages[index];
  if (index === 0 || index === DILATE || index === RESAMPLE) return Array.from(x, () => index !== 0);
  const before = stages[index - 1].x;
  return Array.from(x, (value, i) => i >= before.length || Math.abs(value - before[i]) > 1e-7);
}

const grown = (now, next, share) => next.slice(0, now.length + Math.round(share * (next.length - now.length)));

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
