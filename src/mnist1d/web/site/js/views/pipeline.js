/** Pipeline: one signal from template to finished, stage by stage: play, pause, step, scrub. */

import { h, isTyping, s } from "../dom.js";
import { SAMPLES } from "../model/draws.js";
import { frame, sentence } from "../model/film.js";
import { linePath } from "../plot.js";

const [WIDTH, HEIGHT, EDGE] = [640, 300, 12];
const SECONDS = 2.2; // for each stage of the film: half of it moves, half of it rests
const MOVES = 0.5;

export function mount(root, page) {
  const film = { digit: 3, sample: 0, position: 0, isPlaying: false, stages: [], draw: null };
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const screen = makeScreen();
  const controls = makeControls(film, page, { go, play, choose });
  const told = h("div", { class: "telling", "aria-live": "polite" });
  const list = h("ol", { "aria-label": "Stages" });
  root.append(controls.choice, h("div", { class: "card film" }, screen.svg), controls.bar, told, list);

  function choose(values) {
    Object.assign(film, values);
    const { scene, settings } = page;
    scene.prepare(settings.config);
    film.draw = scene.draw(film.digit, film.sample);
    film.stages = scene.pipeline.stages(film.draw);
    screen.fit(film.stages);
    list.replaceChildren(...film.stages.map((stage, i) => thumbnail(stage, i, screen.limit, () => go(i))));
    film.told = null;
    go(film.position);
  }

  function go(position) {
    const last = film.stages.length - 1;
    film.position = Math.min(Math.max(position, 0), last);
    screen.draw(frame(film.stages, film.draw, film.position), `Digit ${film.digit}, stage ${film.stages[Math.round(film.position)].name}`);
    controls.update();
    const index = Math.ceil(film.position - 1e-9);
    if (index !== film.told) {
      film.told = index;
      const { settings, scene } = page;
      const text = sentence(index, film.draw, settings.config, scene.pipeline.length);
      told.replaceChildren(h("p", {}, h("strong", {}, `${index}. ${film.stages[index].name}`)), h("p", {}, text));
      [...list.children].forEach((item, i) => item.firstChild.setAttribute("aria-pressed", String(i === index)));
    }
  }

  function play(isPlaying) {
    const last = film.stages.length - 1;
    film.isPlaying = isPlaying;
    controls.update();
    if (!isPlaying) return;
    if (film.position >= last) go(0);
    let base = Math.floor(film.position);
    let begin = null;
    const tick = (time) => {
      if (!film.isPlaying) return;
      begin ??= time;
      const share = (time - begin) / (1000 * SECONDS);
      if (share < 1) go(base + (isCalm.matches ? 0 : Math.min(1, share / MOVES))); // calm: stages follow each other without moving
      else {
        base += 1;
        begin = time;
        go(base);
      }
      if (base >= last) play(false);
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  const keys = (event) => {
    if (isTyping(event)) return;
    const onButton = event.target.closest("button, a");
    if (event.key === "ArrowRight") go(Math.floor(film.position) + 1);
    else if (event.key === "ArrowLeft") go(Math.ceil(film.position) - 1);
    else if (event.key === " " && !onButton) play(!film.isPlaying);
    else return;
    if (event.key !== " ") play(false);
    event.preventDefault();
  };
  page.settings.subscribe(() => !root.hidden && choose({}));
  return {
    shown() {
      document.addEventListener("keydown", keys);
      choose({});
    },
    hidden() {
      document.removeEventListener("keydown", keys);
      play(false);
    },
  };
}

function makeControls(film, page, { go, play, choose }) {
  const button = (label, act, style = "button") => h("button", { class: style, type: "button", onclick: act }, label);
  const digit = h("select", { id: "pipeline-digit", onchange: () => choose({ digit: Number(digit.value) }) },
    Array.from({ length: 10 }, (_, i) => h("option", { value: i }, `${i}`)));
  digit.value = film.digit;
  const next = button("", () => choose({ sample: (film.sample + 1) % SAMPLES }));
  const playing = button("Play", () => play(!film.isPlaying), "button primary");
  const back = button("Step back", () => (play(false), go(Math.ceil(film.position) - 1)));
  const on = button("Step on", () => (play(false), go(Math.floor(film.position) + 1)));
  const scrub = h("input", {
    type: "range", id: "pipeline-scrub", min: 0, max: 8, step: 0.01, "aria-label": "Position in the pipeline",
    oninput: () => {
      const position = Number(scrub.value); // before `play` puts the film's own there
      play(false);
      go(position);
    },
  });
  const settings = h("p", { class: "note" });
  return {
    choice: h("div", { class: "bar" }, h("div", { class: "row" }, h("label", { class: "row" }, "Digit", digit), next), settings),
    bar: h("div", { class: "row bar" }, back, playing, on, scrub),
    update() {
      const last = film.stages.length - 1;
      playing.textContent = film.isPlaying ? "Pause" : "Play";
      next.textContent = `Signal ${film.sample + 1} of ${SAMPLES}, next`;
      scrub.value = film.position;
      scrub.setAttribute("aria-valuetext", film.stages[Math.round(film.position)].name);
      [back.disabled, on.disabled] = [film.position <= 0, film.position >= last];
      const names = Object.keys(page.settings.changed);
      settings.textContent = names.length ? `With the settings of Explore (changed: ${names.join(", ")}).` : "With the default settings; bend them under Explore.";
    },
  };
}

function makeScreen() {
  const title = s("title");
  const [before, now, mark] = ["before", "now", "mark"].map((name) => s("path", { class: name }));
  const dots = s("g", { class: "dots" });
  const zero = s("line", { class: "zero", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 });
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", preserveAspectRatio: "none" }, title, zero, before, mark, now, dots);
  const screen = {
    svg,
    limit: 1,
    fit(stages) {
      screen.limit = Math.max(...stages.flatMap(({ x }) => Array.from(x, Math.abs)), 1e-9);
    },
    draw({ points, before: earlier, marks, dots: shown, dotted }, text) {
      const place = ({ at, y }) => [EDGE + at * (WIDTH - 2 * EDGE), HEIGHT / 2 - (y / screen.limit) * (HEIGHT / 2 - EDGE)];
      const path = (list, isOn = () => true) => {
        let [data, isDrawing] = ["", false];
        list.forEach((point, i) => {
          if (isOn(i)) data += `${isDrawing ? "L" : "M"}${place(point).map((v) => v.toFixed(1)).join(" ")}`;
          isDrawing = isOn(i);
        });
        return data;
      };
      now.setAttribute("d", path(points));
      before.setAttribute("d", path(earlier));
      mark.setAttribute("d", path(points, (i) => marks[i] || marks[i - 1] || marks[i + 1]));
      const circles = shown ? (dotted ?? points).map(place) : [];
      dots.replaceChildren(...circles.map(([cx, cy]) => s("circle", { cx, cy, r: 4 * shown })));
      if (title.textContent !== text) title.textContent = text;
    },
  };
  return screen;
}

function thumbnail(stage, i, limit, go) {
  const line = linePath(stage.x, limit, i < 2 ? (120 * stage.x.length) / 72 : 120, 48);
  const svg = s("svg", { viewBox: "0 0 120 48", "aria-hidden": "true", preserveAspectRatio: "none" }, s("path", { d: line }));
  return h("li", {}, h("button", { class: "button", type: "button", "aria-pressed": "false", onclick: go }, `${i}. ${stage.name}`, svg));
}
