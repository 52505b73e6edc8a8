/** Quiz: the published test signals, ten at a time, by click or by keys; corrections after each
 * ten; a score at the end. This file handles the reader's actions; quiz/ draws. */

import { h, isTyping } from "../dom.js";
import {
  answer,
  check,
  finish,
  newQuiz,
  next,
  nextOpen,
  restore,
  result,
  score,
  TEN,
} from "../model/quiz.js";
import { keepScore, load, loadText, save } from "../storage.js";
import { Clock } from "./quiz/clock.js";
import { offerView } from "./quiz/offer.js";
import { examples } from "./quiz/plots.js";
import { scoreView } from "./quiz/score.js";
import { LAYOUTS, Ten } from "./quiz/ten.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 }; // keys that choose a signal
const ROWS = { ArrowDown: 1, ArrowUp: -1 };
const NO_STORAGE =
  "This browser cannot save anything for the page (its storage is full or disabled). " +
  "The quiz continues, but you will lose it if you reload the page.";

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
    this.clock = new Clock();
    this.keys = (event) => this.onKey(event);
    this.visibility = () => (document.hidden ? this.clock.stop() : this.clock.start());
  }

  /** Restore the stored quiz, or offer a new one. */
  start() {
    this.state = restore(load("quiz"));
    const text = loadText("quiz");
    if (this.state === null && text !== null && text !== "null") {
      const aside = save("quiz-broken", text) ? " and was kept aside" : "";
      this.page.warn(
        `The stored quiz could not be read${aside}. A new quiz starts; nothing else was lost.`,
      );
    }
    if (this.state) this.draw();
    else this.offer();
  }

  listen(isOn) {
    const change = isOn ? "addEventListener" : "removeEventListener";
    document[change]("keydown", this.keys);
    document[change]("visibilitychange", this.visibility);
    if (isOn) this.clock.start();
    else this.clock.stop();
  }

  set(state) {
    this.state = state;
    if (save("quiz", state) || this.isWarned) return;
    this.isWarned = true;
    this.page.warn(NO_STORAGE);
  }

  get isOpen() {
    return this.state?.phase === "answering";
  }

  // ------------------------------------------------------------ what is on the screen

  offer() {
    const begin = (first, isShuffled) => {
      this.set(newQuiz(first, isShuffled));
      this.clock.reset();
      this.draw().focus();
    };
    const parts = offerView(this.page.settings, begin);
    this.body.replaceChildren(...parts, this.examples(false));
  }

  examples(isShuffled) {
    const element = examples(this.test, this.layout, isShuffled);
    element.open = this.hasExamples;
    element.addEventListener("toggle", () => (this.hasExamples = element.open));
    return element;
  }

  /** Draw the state, and return its heading. */
  draw() {
    if (this.state.phase === "done") return this.drawScore();
    this.slot = this.isOpen ? Math.max(nextOpen(this.state, 0), 0) : 0;
    this.ten = new Ten(this.state, this.test, this.layout, this);
    this.body.replaceChildren(...this.ten.elements, this.examples(this.state.shuffled));
    this.update();
    return this.ten.heading;
  }

  update() {
    this.ten.update(this.state, this.slot);
  }

  drawScore() {
    const { state } = this;
    const { y } = this.test;
    keepScore(state.shuffled ? "shuffled" : "plain", score(state, y));
    // once the server has it, unless another quiz has started
    const saved = () => this.state === state && this.set({ ...state, isSaved: true });
    const found = result(state, y, this.layout);
    const { element, heading } = scoreView(this.page, state, y, found, saved);
    const props = { class: "button primary", type: "button", id: "quiz-again" };
    const again = h("button", { ...props, onclick: () => this.again() }, "Take the quiz again");
    element.append(h("div", { class: "row quiz-pad" }, again));
    this.body.replaceChildren(element);
    return heading;
  }

  /** Draw, and move the focus to the heading. */
  arrive() {
    const heading = this.draw();
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "nearest" });
    return heading;
  }

  // ------------------------------------------------------------ what a reader does

  /** Choose a signal; the focus follows if it is on a signal, and the page scrolls if the signal is
   * out of view. */
  select(i) {
    const slot = (i + TEN) % TEN;
    if (!this.isOpen || slot === this.slot) return;
    this.slot = slot;
    this.update();
    const { element } = this.ten.cards[slot];
    if (document.activeElement?.matches(".quiz-card")) element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }

  /** Choose the signal a number of rows below, at the current width, if there is one. */
  selectRow(rows) {
    const slot = this.slot + rows * this.ten.columns;
    if (slot >= 0 && slot < TEN) this.select(slot);
  }

  give(digit) {
    if (!this.isOpen) return;
    const { handIn } = this.ten;
    this.set(answer(this.state, this.slot, digit, this.clock.elapsed));
    this.clock.reset();
    this.page.say(`Signal ${this.slot + 1}: ${digit}.`);
    const open = nextOpen(this.state, this.slot);
    const isComplete = handIn.disabled && open < 0;
    this.update();
    // so that Enter hands in the answers, wherever the focus was
    if (isComplete) handIn.focus({ preventScroll: true });
    else if (open >= 0) this.select(open);
  }

  takeBack() {
    const { answer: given } = this.state.current[this.slot];
    const slot = given === null ? (this.slot + TEN - 1) % TEN : this.slot;
    const { handIn, cards } = this.ten;
    // a disabled element gets no key events
    if (document.activeElement === handIn) cards[slot].element.focus({ preventScroll: true });
    this.set(answer(this.state, slot, null, this.clock.elapsed));
    this.clock.reset();
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
    this.clock.reset();
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

  takeLayout(layout) {
    this.layout = layout;
    save("quiz-layout", layout);
    this.page.settings.update({ layout });
    const { slot } = this;
    this.draw();
    this.select(slot);
    document.getElementById("quiz-layout").focus({ preventScroll: true });
  }

  onKey(event) {
    if (isTyping(event) || !this.state) return;
    const { key } = event;
    const { isOpen } = this;
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
