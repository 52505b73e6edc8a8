/** Learn: a lesson in six steps, predict before reveal, then three exercises. */

import { h } from "../dom.js";
import { ceiling } from "./learn/ceiling.js";
import { labelNoise } from "./learn/labelnoise.js";
import { pipeline } from "./learn/pipeline.js";
import { pruning } from "./learn/pruning.js";
import { race } from "./learn/race.js";
import { shuffle } from "./learn/shuffle.js";
import { templates } from "./learn/templates.js";
import { tenSignals } from "./learn/tensignals.js";
import { translation } from "./learn/translation.js";

const STEPS = [templates, pipeline, tenSignals, race, shuffle, translation];
const EXERCISES = [labelNoise, pruning, ceiling];
const ALL = [...STEPS, ...EXERCISES];

export function mount(root, page) {
  const lesson = new Lesson(page);
  root.append(lesson.element);
  page.settings.subscribe(() => !root.hidden && lesson.follow());
  return { shown: () => lesson.follow(), hidden: () => lesson.leave() };
}

/** The steps, one on the screen at a time; the address says which. A step is {title,
 * mount(lesson)}, and mount returns {elements, shown, hidden}; the last two are optional. */
class Lesson {
  constructor(page) {
    this.page = page;
    this.shared = {}; // what one step passes on to the next: results of the first race
    this.mounted = new Map();
    this.isSettled = new Set();
    this.marks = ALL.map((step, i) => this.mark(step, i));
    this.place = h("p", { class: "note", id: "learn-place" });
    this.heading = h("h3", { id: "learn-step", tabindex: -1 });
    this.body = h("div", { class: "step-body" });
    const button = (id, act, style) =>
      h("button", { class: style, type: "button", id: `learn-${id}`, onclick: act });
    this.back = button("back", () => this.go(-1), "button");
    this.next = button("next", () => this.go(1), "button");
    this.back.textContent = "Back";
    const skip = h("a", { href: "#explore" }, "Skip to the tools");
    const article = h(
      "article",
      { class: "step", "aria-labelledby": "learn-step" },
      h("div", { class: "step-top" }, this.place, skip),
      this.heading,
      this.body,
      h("div", { class: "row step-moves" }, this.back, this.next),
    );
    const marks = h("ol", { class: "step-marks" }, this.marks);
    this.element = h("div", { class: "lesson" }, h("nav", { "aria-label": "Steps" }, marks), article);
  }

  mark(step, i) {
    const isExercise = i >= STEPS.length;
    const text = isExercise ? `E${i - STEPS.length + 1}` : `${i + 1}`;
    const act = () => this.page.settings.update({ step: i + 1 });
    const props = { class: "step-mark", type: "button", onclick: act };
    const number = h("span", { class: "step-number" }, text);
    const name = h("span", { class: "step-name" }, step.title);
    const button = h("button", props, number, " ", name);
    return h("li", { class: isExercise ? "exercise" : false }, button);
  }

  get index() {
    return this.page.settings.step - 1;
  }

  go(move) {
    const index = this.index + move;
    if (index >= ALL.length) location.hash = "#train";
    else this.page.settings.update({ step: index + 1 });
  }

  /** Show the step that the settings name. */
  follow() {
    const { index } = this;
    if (this.shown === index) return;
    const isFirst = this.shown === undefined || this.shown === null;
    this.leave();
    this.shown = index;
    const step = ALL[index];
    if (!this.mounted.has(index)) {
      this.mounted.set(
        index,
        step.mount(this, () => this.settle(index)),
      );
    }
    const { elements, shown } = this.mounted.get(index);
    const isExercise = index >= STEPS.length;
    const number = isExercise ? index - STEPS.length + 1 : index + 1;
    const of = isExercise ? EXERCISES.length : STEPS.length;
    this.element.dataset.part = isExercise ? "exercises" : "steps";
    this.element.dataset.step = index + 1;
    this.place.textContent = `${isExercise ? "Exercise" : "Step"} ${number} of ${of}`;
    this.heading.textContent = step.title;
    this.body.replaceChildren(...elements);
    this.update();
    shown?.();
    if (!isFirst) {
      scrollTo(0, 0);
      this.heading.focus({ preventScroll: true });
    }
  }

  leave() {
    this.mounted.get(this.shown)?.hidden?.();
    this.shown = null;
  }

  /** A step's question is answered: the reader may go on. */
  settle(index) {
    this.isSettled.add(index);
    this.update();
  }

  update() {
    const { index } = this;
    this.marks.forEach((mark, i) => {
      const [button] = mark.children;
      button.classList.toggle("settled", this.isSettled.has(i));
      if (i === index) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    this.back.disabled = index === 0;
    const isLast = index === ALL.length - 1;
    const texts = { 5: "Three exercises" };
    this.next.textContent = isLast ? "Train your own" : (texts[index] ?? "Next");
    this.next.className = `button${this.isSettled.has(index) ? " primary" : ""}`;
  }
}
