/** The logic of the quiz: a hundred signals of the frozen test set, ten at a time,
 * corrections after each ten.
 *
 * A state is plain JSON: {format, shuffled, first, answers, current, phase}. `answers` are those
 * of finished tens, `current` the ten on the screen; an answer is {index, answer, ms} with answer
 * null until given. Functions return a new state.
 */

export const FORMAT = "mnist1d-quiz/1";
export const TEN = 10;
export const LENGTH = 100;
export const PHASES = ["answering", "corrections", "done"];

/** A new quiz on the test signals first to first + 99. */
export const newQuiz = (first = 0, shuffled = false) => ({
  format: FORMAT,
  shuffled,
  first,
  answers: [],
  current: ten(first),
  phase: "answering",
});

const ten = (from) =>
  Array.from({ length: TEN }, (_, i) => ({ index: from + i, answer: null, ms: null }));

/** Answer one signal of the ten, or change its answer; `ms` is the time taken, summed over changes.
 */
export function answer(state, slot, digit, ms) {
  if (state.phase !== "answering") return state;
  const current = state.current.map((a, i) =>
    i === slot ? { ...a, answer: digit, ms: Math.round((a.ms ?? 0) + ms) } : a,
  );
  return { ...state, current };
}

/** The first signal of the ten without an answer, from `slot` on, wrapping around; -1 if all are
 * answered. */
export function nextOpen(state, slot) {
  for (let i = 0; i < TEN; i++)
    if (state.current[(slot + i) % TEN].answer === null) return (slot + i) % TEN;
  return -1;
}

/** Check the ten answers; nothing happens while one is missing. */
export function check(state) {
  if (state.phase !== "answering" || nextOpen(state, 0) >= 0) return state;
  return { ...state, answers: [...state.answers, ...state.current], phase: "corrections" };
}

/** After the corrections: go to the next ten, or to the end. */
export function next(state) {
  if (state.phase !== "corrections") return state;
  if (state.answers.length >= LENGTH) return finish(state);
  return { ...state, current: ten(state.first + state.answers.length), phase: "answering" };
}

/** End the quiz now, with the tens that are finished. */
export const finish = (state) => (state.answers.length ? { ...state, phase: "done" } : state);

/** Accuracy with its interval, time per answer, errors by class and the confused pairs. */
export function score(state, labels) {
  const marked = state.answers.map((a) => ({ ...a, label: labels[a.index] }));
  const errors = marked.filter((a) => a.answer !== a.label);
  const n = marked.length;
  const correct = n - errors.length;
  const times = marked.map((a) => a.ms).sort((a, b) => a - b);
  const byClass = Array.from({ length: 10 }, (_, label) => ({
    label,
    n: marked.filter((a) => a.label === label).length,
    errors: errors.filter((a) => a.label === label).length,
  }));
  const counts = new Map();
  for (const { label, answer } of errors)
    counts.set(`${label}${answer}`, (counts.get(`${label}${answer}`) ?? 0) + 1);
  const pairs = [...counts].map(([key, count]) => ({
    label: Number(key[0]),
    answer: Number(key[1]),
    count,
  }));
  pairs.sort((a, b) => b.count - a.count || a.label - b.label || a.answer - b.answer);
  const [low, high] = wilson(correct, n);
  return {
    n,
    correct,
    accuracy: correct / n,
    low,
    high,
    medianMs: median(times),
    byClass,
    pairs,
    answers: marked,
  };
}

/** Wilson's 95% interval of a proportion. */
export function wilson(correct, n, z = 1.959963984540054) {
  if (n === 0) return [0, 1];
  const p = correct / n;
  const center = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

const median = (sorted) => {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The result, as the page exports it and the server accepts it. */
export function result(state, labels, layout) {
  const { n, correct, accuracy, low, high, medianMs, answers } = score(state, labels);
  return {
    format: FORMAT,
    set: "frozen test",
    shuffled: state.shuffled,
    layout,
    n,
    correct,
    accuracy,
    interval: [low, high],
    median_ms: medianMs,
    answers,
  };
}

/** Restore a stored state; null unless it is complete and consistent. */
export function restore(stored) {
  if (
    stored?.format !== FORMAT ||
    typeof stored.shuffled !== "boolean" ||
    !PHASES.includes(stored.phase)
  )
    return null;
  const { first, answers, current, phase } = stored;
  if (!Number.isInteger(first) || first < 0 || first > 900 || first % LENGTH) return null;
  const n = isRun(answers, first, isGiven) ? answers.length : -1;
  if (
    n % TEN ||
    n < (phase === "answering" ? 0 : TEN) ||
    n > (phase === "answering" ? LENGTH - TEN : LENGTH)
  )
    return null;
  if (phase === "done") return stored;
  const isWhole =
    phase === "answering"
      ? isRun(current, first + n, isGivenOrOpen)
      : isRun(current, first + n - TEN, isGiven);
  return isWhole && current.length === TEN ? stored : null;
}

const isRun = (list, from, isAnswer) =>
  Array.isArray(list) && list.every((a, i) => a?.index === from + i && isAnswer(a));
const isGiven = ({ answer, ms }) => isDigit(answer) && Number.isFinite(ms) && ms >= 0;
const isGivenOrOpen = (a) =>
  isGiven(a) || (a.answer === null && (a.ms === null || isGiven({ ...a, answer: 0 })));
const isDigit = (value) => Number.isInteger(value) && value >= 0 && value <= 9;
