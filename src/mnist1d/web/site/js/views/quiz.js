/** Quiz: the published test signals, ten at a time, by click or by keys; corrections after each
 * ten; a score at the end.
 */

import { h, isTyping } from "../dom.js";
import {
  answer,
  check,
  finish,
  LENGTH,
  newQuiz,
  next,
  nextOpen,
  restore,
  result,
  score,
  TEN,
} from "../model/quiz.js";
import { keepScore, load, loadText, save } from "../storage.js";
import { examples, SignalPlot } from "./quizplots.js";
import { scoreView } from "./quizscore.js";

const LAYOUTS = { line: "line over time", tall: "time downward, as in the paper" };
const [STEPS, ROWS] = [
  { ArrowRight: 1, ArrowLeft: -1 },
  { ArrowDown: 1, ArrowUp: -1 },
]; // keys that choose a signal

export async function mount(root, page) {
  const test = await page.test();
  const body = h("div", { id: "quiz-body" });
  const quiz = new Quiz(body, page, test);
  root.append(body);
  quiz.start();
  return { shown: () => quiz.listen(true), hidden: () => quiz.listen(false) };
}

class Quiz {
  constructor(body, page, test) {
    Object.assign(this, { body, page, test, slot: 0, isWarned: false, hasExamples: true });
    const kept = LAYOUTS[load("quiz-layout")] ? load("quiz-layout") : "line";
    this.layout = page.settings.layout === "line" ? kept : page.settings.layout;
    this.keys = (event) => this.onKey(event);
    this.clock = () => (document.hidden ? this.stopClock() : this.startClock());
  }

  /** Take up what the browser keeps, or offer a fresh quiz. */
  start() {
    const stored = load("quiz");
    this.state = restore(stored);
    const text = loadText("quiz");
    if (this.state === null && text !== null && text !== "null") {
      const isKept = save("quiz-broken", text);
      this.page.warn(
        `The stored quiz could not be read${isKept ? " and was put aside" : ""}; a new one starts. Nothing else was lost.`,
      );
    }
    if (this.state) this.draw();
    else this.offer();
  }

  listen(isOn) {
    const change = isOn ? "addEventListener" : "removeEventListener";
    document[change]("keydown", this.keys);
    document[change]("visibilitychange", this.clock);
    if (isOn) this.startClock();
    else this.stopClock();
  }

  // time per answer: what passes between two answers while the page is seen
  startClock() {
    this.since = performance.now();
  }

  stopClock() {
    this.spent = this.elapsed();
    this.since = null;
  }

  elapsed() {
    return (this.spent ?? 0) + (this.since ? performance.now() - this.since : 0);
  }

  resetClock() {
    this.spent = 0;
    this.startClock();
  }

  set(state) {
    this.state = state;
    if (!save("quiz", state) && !this.isWarned) {
      this.isWarned = true;
      this.page.warn(
        "This browser keeps nothing for the page (storage is full or forbidden). The quiz goes on, but a reload will lose it.",
      );
    }
  }

  // ------------------------------------------------------------ before: what, and which hundred

  offer() {
    const { settings } = this.page;
    const options = Array.from({ length: 10 }, (_, i) =>
      h("option", { value: i * LENGTH }, `signals ${i * LENGTH} to ${i * LENGTH + 99}`),
    );
    const hundred = h("select", { id: "quiz-first" }, options);
    hundred.value = settings.first;
    hundred.addEventListener("change", () => settings.update({ first: Number(hundred.value) }));
    const begin = (isShuffled) => {
      this.set(newQuiz(Number(hundred.value), isShuffled));
      this.resetClock();
      this.draw().focus();
    };
    const button = (name, isShuffled, style) =>
      h("button", { class: style, type: "button", onclick: () => begin(isShuffled) }, name);
    this.body.replaceChildren(
      h(
        "p",
        {},
        "You see ten signals at a time. Type or tap the digit hidden in each; after ten you see the answers. A hundred signals take about ten minutes, and you can stop after any ten.",
      ),
      h(
        "div",
        { class: "row" },
        button("Start", false, "button primary"),
        button("Start with positions shuffled", true, "button"),
        h("label", { class: "row" }, "Test set", hundred),
      ),
      h(
        "p",
        { class: "note" },
        "Shuffled: the forty points of every signal stand in the same wrong order. The published human reached about 30% there.",
      ),
      this.examples(false),
    );
  }

  examples(isShuffled) {
    const element = examples(this.test, this.layout, isShuffled);
    element.open = this.hasExamples;
    element.addEventListener("toggle", () => (this.hasExamples = element.open));
    return element;
  }

  // ------------------------------------------------------------ the ten

  /** Draw what the state says, and return its heading. */
  draw() {
    if (this.state.phase === "done") return this.drawScore();
    const isOpen = this.state.phase === "answering";
    this.slot = isOpen ? Math.max(nextOpen(this.state, 0), 0) : 0;
    this.cards = this.state.current.map((_, i) => this.card(i));
    const done = this.state.answers.length;
    this.grid = h(
      "div",
      { class: "quiz-ten", dataset: { layout: this.layout } },
      this.cards.map((card) => card.element),
    );
    const bar = h("progress", { max: LENGTH, value: done, "aria-label": "Signals answered" });
    const heading = h(
      "h3",
      { tabindex: -1, id: "quiz-heading" },
      isOpen ? `Signals ${done + 1} to ${done + TEN}` : this.correctedHeading(),
    );
    this.body.replaceChildren(
      h(
        "div",
        { class: "row quiz-top" },
        heading,
        h(
          "span",
          { class: "note num" },
          `${done} of ${LENGTH}${this.state.shuffled ? ", shuffled" : ""}`,
        ),
        bar,
        this.layoutChoice(),
      ),
      this.grid,
      ...(isOpen ? this.pad() : this.afterwards()),
      this.examples(this.state.shuffled),
    );
    this.update();
    return heading;
  }

  card(i) {
    const { index } = this.state.current[i];
    const plot = new SignalPlot(this.layout);
    plot.update(this.test.signal(index, this.state.shuffled), `Signal ${i + 1} of these ten`);
    const label = h("span", { class: "quiz-answer num" });
    const isOpen = this.state.phase === "answering";
    const parts = [h("span", { class: "quiz-number" }, `${i + 1}`), plot.svg, label];
    const element = isOpen
      ? h(
          "button",
          {
            class: "quiz-card",
            type: "button",
            dataset: { slot: i },
            onclick: () => this.select(i),
            onfocus: () => this.select(i),
          },
          parts,
        )
      : h("div", { class: "quiz-card", dataset: { slot: i } }, parts);
    return { element, label, plot };
  }

  pad() {
    const digits = Array.from({ length: 10 }, (_, d) =>
      h(
        "button",
        {
          class: "button",
          type: "button",
          "aria-label": `Answer ${d}`,
          onclick: () => this.give(d),
        },
        `${d}`,
      ),
    );
    this.handIn = h(
      "button",
      { class: "button primary", type: "button", id: "quiz-check", onclick: () => this.hand() },
      "Check answers",
    );
    this.chosen = h("span", { class: "note", id: "quiz-chosen" });
    return [
      h(
        "div",
        { class: "quiz-pad quiz-answering" },
        h("div", { class: "quiz-digits", role: "group", "aria-label": "Digits" }, digits),
        h("div", { class: "row" }, this.handIn, this.chosen),
      ),
      h(
        "div",
        { class: "row" },
        this.state.answers.length ? this.stopButton() : this.againButton("Start over"),
        h(
          "span",
          { class: "note quiz-keys" },
          "Keys: 0 to 9 to answer, arrows to move, Backspace to undo, Enter to check.",
        ),
      ),
    ];
  }

  afterwards() {
    const isLast = this.state.answers.length >= LENGTH;
    const on = h(
      "button",
      { class: "button primary", type: "button", id: "quiz-next", onclick: () => this.goOn() },
      isLast ? "Show my score" : "Next ten",
    );
    return [h("div", { class: "row quiz-pad" }, on, isLast ? null : this.stopButton())];
  }

  stopButton() {
    return h(
      "button",
      { class: "button", type: "button", id: "quiz-stop", onclick: () => this.stop() },
      "Stop and show my score",
    );
  }

  againButton(name, style = "button") {
    return h(
      "button",
      { class: style, type: "button", id: "quiz-again", onclick: () => this.again() },
      name,
    );
  }

  layoutChoice() {
    const select = h(
      "select",
      {
        id: "quiz-layout",
        onchange: () => {
          this.layout = select.value;
          save("quiz-layout", this.layout);
          this.page.settings.update({ layout: this.layout });
          const { slot } = this;
          this.draw();
          this.select(slot);
          document.getElementById("quiz-layout").focus({ preventScroll: true });
        },
      },
      Object.entries(LAYOUTS).map(([name, text]) => h("option", { value: name }, text)),
    );
    select.value = this.layout;
    return h("label", { class: "row" }, "Layout", select);
  }

  update() {
    this.state.current.forEach((given, i) => {
      const { element, label, plot } = this.cards[i];
      if (this.state.phase === "answering") {
        const isChosen = i === this.slot;
        element.setAttribute("aria-pressed", String(isChosen));
        label.textContent = given.answer ?? "?";
      } else {
        const digit = this.test.y[given.index];
        const isRight = digit === given.answer;
        element.dataset.right = isRight ? "yes" : "no";
        label.textContent = isRight ? `✓ ${digit}` : `✗ ${given.answer}, was ${digit}`;
        plot.mark(this.test.presence(given.index, this.state.shuffled));
      }
    });
    if (this.state.phase === "answering") {
      const left = this.state.current.filter(({ answer: given }) => given === null).length;
      this.handIn.disabled = left > 0;
      this.chosen.textContent = left
        ? `Signal ${this.slot + 1}: which digit? ${left} to go.`
        : "All ten answered: check them, or change one.";
    }
  }

  correctedHeading() {
    const right = this.state.current.filter(
      ({ index, answer: given }) => this.test.y[index] === given,
    ).length;
    return `${right} of ${TEN} correct`;
  }

  // ------------------------------------------------------------ what a reader does

  /** Choose a signal; the focus follows where it is on a signal, and the view where the signal is
   * out of it.
   */
  select(i) {
    const slot = (i + TEN) % TEN;
    if (this.state?.phase !== "answering" || slot === this.slot) return;
    this.slot = slot;
    this.update();
    const { element } = this.cards[slot];
    if (document.activeElement?.matches(".quiz-card")) element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }

  /** Choose the signal so many rows below, as they stand at this width, if there is one. */
  selectRow(rows) {
    const slot =
      this.slot + rows * getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    if (slot >= 0 && slot < TEN) this.select(slot);
  }

  give(digit) {
    if (this.state?.phase !== "answering") return;
    this.set(answer(this.state, this.slot, digit, this.elapsed()));
    this.resetClock();
    this.page.say(`Signal ${this.slot + 1}: ${digit}.`);
    const open = nextOpen(this.state, this.slot);
    const isComplete = this.handIn.disabled && open < 0;
    this.update();
    if (isComplete)
      this.handIn.focus({ preventScroll: true }); // so that Enter hands in, wherever the focus was
    else if (open >= 0) this.select(open);
  }

  takeBack() {
    const { answer: given } = this.state.current[this.slot];
    const slot = given === null ? (this.slot + TEN - 1) % TEN : this.slot;
    if (document.activeElement === this.handIn)
      this.cards[slot].element.focus({ preventScroll: true }); // what is disabled hears no keys
    this.set(answer(this.state, slot, null, this.elapsed()));
    this.resetClock();
    this.update();
    this.select(slot);
  }

  hand() {
    const handed = check(this.state);
    if (handed === this.state) return;
    this.set(handed);
    this.page.say(`${this.arrive().textContent}.`);
  }

  goOn() {
    this.set(next(this.state));
    this.resetClock();
    this.arrive();
  }

  stop() {
    this.set(finish(this.state));
    this.arrive();
  }

  again() {
    this.set(null);
    this.offer();
    this.body.querySelector("button").focus();
  }

  /** Draw, and go on reading at the heading. */
  arrive() {
    const heading = this.draw();
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "nearest" });
    return heading;
  }

  drawScore() {
    const { state } = this;
    keepScore(state.shuffled ? "shuffled" : "plain", score(state, this.test.y));
    const saved = () => this.state === state && this.set({ ...state, isSaved: true }); // unless another quiz has begun
    const { element, heading } = scoreView(
      this.page,
      state,
      this.test.y,
      result(state, this.test.y, this.layout),
      saved,
    );
    element.append(
      h(
        "div",
        { class: "row quiz-pad" },
        this.againButton("Take the quiz again", "button primary"),
      ),
    );
    this.body.replaceChildren(element);
    return heading;
  }

  onKey(event) {
    if (isTyping(event) || !this.state) return;
    const { key } = event;
    const isOpen = this.state.phase === "answering";
    if (isOpen && /^[0-9]$/.test(key)) this.give(Number(key));
    else if (isOpen && key in STEPS) this.select(this.slot + STEPS[key]);
    else if (isOpen && key in ROWS) this.selectRow(ROWS[key]);
    else if (isOpen && key === "Backspace") this.takeBack();
    else if (key !== "Enter" || event.target.closest("a, button:not(.quiz-card), summary")) return;
    else if (isOpen) this.hand();
    else if (this.state.phase === "corrections") this.goOn();
    else return;
    event.preventDefault();
  }
}
