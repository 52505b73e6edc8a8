// Runs the quiz's model on what test_quiz.py wrote: JSON in, JSON out.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [model, input] = process.argv.slice(2);
const quiz = await import(pathToFileURL(`${model}/quiz.js`));
const { labels, given, ms, first, shuffled, tens, proportions, stored } = JSON.parse(readFileSync(input));

const copy = (value) => JSON.parse(JSON.stringify(value)); // as the browser keeps it
const kept = []; // every state on the way, and whether it is taken up again as it was
let state = quiz.newQuiz(first, shuffled);
const go = (next) => {
  state = next;
  const restored = quiz.restore(copy(state));
  kept.push({ phase: state.phase, given: state.answers.length, isSame: JSON.stringify(restored) === JSON.stringify(state) });
};

go(state);
const refused = [quiz.check(state), quiz.next(state), quiz.finish(state)].every((same) => same === state);
for (let ten = 0; ten < tens; ten++) {
  for (let i = 0; i < quiz.TEN; i++) go(quiz.answer(state, quiz.nextOpen(state, i), given[ten * quiz.TEN + i], ms[ten * quiz.TEN + i]));
  go(quiz.check(state));
  if (ten + 1 < tens || tens === quiz.LENGTH / quiz.TEN) go(quiz.next(state));
}
go(quiz.finish(state));

// one answer changed, one taken back
let changed = quiz.answer(quiz.answer(quiz.newQuiz(), 3, 7, 100.4), 3, 8, 50);
changed = quiz.answer(quiz.answer(changed, 0, 1, 10), 0, null, 5);

process.stdout.write(JSON.stringify({
  kept, refused, changed,
  open: [quiz.nextOpen(changed, 3), quiz.nextOpen(changed, 9)],
  finishedMidway: quiz.restore(copy(quiz.finish(quiz.answer(quiz.next({ ...state, phase: "corrections", answers: state.answers.slice(0, 10) }), 0, 1, 9)))),
  score: quiz.score(state, labels),
  result: quiz.result(state, labels, "tall"),
  intervals: proportions.map(([correct, n]) => quiz.wilson(correct, n)),
  taken: stored.map((value) => quiz.restore(value) !== null),
}));
