/** Pipeline: one signal from its template to its final form, stage by stage: play, pause, step,
 * scrub. */

import { h, isTyping, s } from "../dom.js";
import { SAMPLES } from "../model/draws.js";
import { frame, sentence, STAGES } from "../model/film.js";
import { linePath } from "../plot.js";
import { Answers } from "./answers.js";
import { FilmScreen } from "./film.js";

const SECONDS = 2.2; // per stage of the film: half moving, half still
const MOVES = 0.5;
const LAST = STAGES - 1;

export function mount(root, page) {
  const pipeline = new Pipeline(page);
  root.append(...pipeline.elements);
  const keys = (event) => pipeline.onKey(event);
  page.settings.subscribe(() => !root.hidden && pipeline.follow());
  return {
    shown() {
      document.addEventListener("keydown", keys);
      pipeline.follow();
    },
    hidden() {
      document.removeEventListener("keydown", keys);
      pipeline.play(false);
    },
  };
}

class Pipeline {
  constructor(page) {
    this.page = page;
    Object.assign(this, { position: page.settings.stage, isPlaying: false, stages: [] });
    this.isCalm = matchMedia("(prefers-reduced-motion: reduce)");
    this.screen = new FilmScreen();
    this.told = h("div", { class: "telling", "aria-live": "polite" });
    this.list = h("ol", { "aria-label": "Stages" });
    this.answers = new Answers(page, "pipeline-answers");
    const film = [this.choice(), this.screen.element, this.bar(), this.told, this.list];
    this.elements = [...film, this.answers.element];
  }

  choice() {
    const { settings } = this.page;
    const digits = Array.from({ length: 10 }, (_, i) => h("option", { value: i }, `${i}`));
    const digit = h("select", { id: "pipeline-digit" }, digits);
    digit.addEventListener("change", () => settings.update({ digit: Number(digit.value) }));
    const next = h("button", { class: "button", type: "button", id: "pipeline-next" });
    next.addEventListener("click", () =>
      settings.update({ sample: (settings.sample + 1) % SAMPLES }),
    );
    const told = h("p", { class: "note" });
    settings.subscribe(({ digit: shown, sample, changed }) => {
      digit.value = shown;
      next.textContent = `Next example (${sample + 1} of ${SAMPLES})`;
      const names = Object.keys(changed).join(", ");
      told.textContent = names
        ? `Settings of Explore (changed: ${names}).`
        : "Default settings; change them in Explore.";
    });
    const label = h("label", { class: "row" }, "Digit", digit);
    return h("div", { class: "bar" }, h("div", { class: "row" }, label, next), told);
  }

  bar() {
    const button = (label, act, style = "button") =>
      h("button", { class: style, type: "button", onclick: act }, label);
    this.playing = button("Play", () => this.play(!this.isPlaying), "button primary");
    this.back = button("Back", () => this.stop(Math.ceil(this.position) - 1));
    this.on = button("Next", () => this.stop(Math.floor(this.position) + 1));
    this.scrub = h("input", {
      type: "range",
      id: "pipeline-scrub",
      min: 0,
      max: LAST,
      step: 0.01,
      "aria-label": "Position in the pipeline",
      oninput: () => this.stop(Number(this.scrub.value)),
    });
    return h("div", { class: "row bar" }, this.back, this.playing, this.on, this.scrub);
  }

  /** Show the signal and the stage that the settings name. */
  follow() {
    const { scene, settings } = this.page;
    const { config, digit, sample, stage } = settings;
    const key = [JSON.stringify(config), digit, sample].join();
    if (stage !== Math.ceil(this.position - 1e-9)) this.position = stage;
    if (key !== this.key) {
      this.key = key;
      scene.prepare(config);
      this.draw = scene.draw(digit, sample);
      this.stages = scene.pipeline.stages(this.draw);
      this.screen.fit(this.stages);
      const items = this.stages.map((one, i) => this.thumbnail(one, i));
      this.list.replaceChildren(...items);
      this.shown = null;
    }
    this.answers.follow(digit, sample);
    this.go(this.position);
  }

  stop(position) {
    this.play(false);
    this.go(position);
  }

  go(position) {
    this.position = Math.min(Math.max(position, 0), LAST);
    const { settings, scene } = this.page;
    const drawn = frame(this.stages, this.draw, this.position);
    if (this.position === LAST) drawn.presence = scene.pipeline.presence(this.draw);
    const name = this.stages[Math.round(this.position)].name;
    this.screen.draw(drawn, `Digit ${settings.digit}, stage ${name}`);
    this.scrub.value = this.position;
    this.scrub.setAttribute("aria-valuetext", name);
    this.playing.textContent = this.isPlaying ? "Pause" : "Play";
    [this.back.disabled, this.on.disabled] = [this.position <= 0, this.position >= LAST];
    const index = Math.ceil(this.position - 1e-9);
    if (index === this.shown) return;
    this.shown = index;
    const text = sentence(index, this.draw, settings.config, scene.pipeline.length);
    const heading = h("p", {}, h("strong", {}, `${index}. ${this.stages[index].name}`));
    this.told.replaceChildren(heading, h("p", {}, text));
    [...this.list.children].forEach((item, i) =>
      item.firstChild.setAttribute("aria-pressed", String(i === index)),
    );
    if (settings.stage !== index) settings.update({ stage: index });
  }

  play(isPlaying) {
    this.isPlaying = isPlaying;
    this.playing.textContent = isPlaying ? "Pause" : "Play";
    if (!isPlaying) return;
    if (this.position >= LAST) this.go(0);
    let base = Math.floor(this.position);
    let begin = null;
    const tick = (time) => {
      if (!this.isPlaying) return;
      begin ??= time;
      const share = (time - begin) / (1000 * SECONDS);
      // without motion, stages follow each other
      if (share < 1) this.go(base + (this.isCalm.matches ? 0 : Math.min(1, share / MOVES)));
      else {
        base += 1;
        begin = time;
        this.go(base);
      }
      if (base >= LAST) this.play(false);
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  onKey(event) {
    if (isTyping(event)) return;
    if (event.key === "ArrowRight") this.stop(Math.floor(this.position) + 1);
    else if (event.key === "ArrowLeft") this.stop(Math.ceil(this.position) - 1);
    else if (event.key === " " && !event.target.closest("button, a")) this.play(!this.isPlaying);
    else return;
    event.preventDefault();
  }

  thumbnail(stage, i) {
    const width = i < 2 ? (120 * stage.x.length) / this.screen.length : 120;
    const line = s("path", { d: linePath(stage.x, this.screen.limit, width, 48) });
    const svg = s("svg", { viewBox: "0 0 120 48", "aria-hidden": "true" }, line);
    const act = () => this.stop(i);
    const props = { class: "button", type: "button", "aria-pressed": "false", onclick: act };
    return h("li", {}, h("button", props, `${i}. ${stage.name}`, svg));
  }
}
