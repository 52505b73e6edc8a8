/** The screen of the pipeline: one signal at one stage, in pixels, with its axes. */

import { h, s } from "../dom.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [46, 12, 12, 26];

/** {element, fit(stages), draw(frame, text)}: fit sets the scale for all stages of a signal. */
export class FilmScreen {
  constructor() {
    this.title = s("title");
    this.svg = s("svg", { role: "img" });
    this.element = h("div", { class: "card film" }, this.svg);
    [this.width, this.height, this.limit, this.length] = [640, 300, 1, 72];
    new ResizeObserver(() => this.resize()).observe(this.svg);
  }

  resize() {
    const { clientWidth, clientHeight } = this.svg;
    if (!clientWidth || (clientWidth === this.width && clientHeight === this.height)) return;
    [this.width, this.height] = [clientWidth, clientHeight];
    if (this.last) this.draw(...this.last);
  }

  fit(stages) {
    this.limit = Math.max(...stages.flatMap(({ x }) => Array.from(x, Math.abs)), 1e-9);
    this.length = stages[2].x.length;
  }

  draw(frame, text) {
    this.last = [frame, text];
    const { points, before, marks, dots, dotted, presence } = frame;
    if (this.title.textContent !== text) this.title.textContent = text;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    const isDigit = (i) => presence?.[i] > 0.5;
    const circles = (dots ? (dotted ?? points) : []).map((point) => {
      const [cx, cy] = this.place(point);
      return s("circle", { cx, cy, r: 3.5 * dots });
    });
    this.svg.replaceChildren(
      this.title,
      ...this.changed(points, marks),
      ...this.axes(points.length),
      s("path", { class: "before", d: this.path(before) }),
      s("path", { class: "now", d: this.path(points) }),
      s("path", { class: "digit", d: presence ? this.path(points, isDigit) : "" }),
      s("g", { class: "dots" }, circles),
    );
  }

  place({ at, y }) {
    const [width, height] = [this.width - LEFT - RIGHT, this.height - TOP - BOTTOM];
    return [LEFT + at * width, TOP + (height / 2) * (1 - y / this.limit)];
  }

  /** Path data of the points where `isOn`. */
  path(points, isOn = () => true) {
    let [data, isDrawing] = ["", false];
    points.forEach((point, i) => {
      const [x, y] = this.place(point).map((v) => v.toFixed(1));
      if (isOn(i)) data += `${isDrawing ? "L" : "M"}${x} ${y}`;
      isDrawing = isOn(i);
    });
    return data;
  }

  /** Shaded ground where this stage changes the signal. */
  changed(points, marks) {
    const out = [];
    for (let i = 0; i < marks.length; i++) {
      if (!marks[i]) continue;
      const start = i;
      while (marks[i + 1]) i++;
      const [from] = this.place(points[start]);
      const [to] = this.place(points[i]);
      const width = Math.max(to - from, 4);
      out.push(
        s("rect", { class: "change", x: from, y: TOP, width, height: this.height - TOP - BOTTOM }),
      );
    }
    return out;
  }

  axes(count) {
    const zero = this.place({ at: 0, y: 0 })[1];
    const [right, bottom] = [this.width - RIGHT, this.height - BOTTOM];
    const text = (x, y, label, anchor) => s("text", { x, y, "text-anchor": anchor }, label);
    const limit = Number(this.limit.toPrecision(2));
    return [
      s("line", { class: "zero", x1: LEFT, x2: right, y1: zero, y2: zero }),
      text(LEFT - 6, TOP + 8, `${limit}`, "end"),
      text(LEFT - 6, zero + 4, "0", "end"),
      text(LEFT - 6, bottom, `−${limit}`, "end"),
      text(LEFT, bottom + 18, "point 1", "start"),
      text(right, bottom + 18, `${count} points`, "end"),
    ];
  }
}
