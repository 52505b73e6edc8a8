/** The screen of the pipeline: one signal at one stage, in pixels, with its axes. */

import { h, s } from "../dom.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [42, 14, 26, 38];

/** {element, fit(stages), draw(frame, text)}: fit sets the scale for all stages of a signal. */
export class FilmScreen {
  constructor() {
    this.title = s("title");
    this.svg = s("svg", { role: "img" });
    this.element = h("div", { class: "card film" }, this.svg);
    [this.width, this.height, this.length] = [640, 300, 72];
    [this.limit, this.low, this.high] = [1, -1, 1];
    new ResizeObserver(() => this.resize()).observe(this.svg);
  }

  resize() {
    const { clientWidth, clientHeight } = this.svg;
    if (!clientWidth || (clientWidth === this.width && clientHeight === this.height)) return;
    [this.width, this.height] = [clientWidth, clientHeight];
    if (this.last) this.draw(...this.last);
  }

  fit(stages) {
    const values = stages.flatMap(({ x }) => Array.from(x));
    [this.low, this.high] = [Math.min(0, ...values), Math.max(1e-9, ...values)];
    this.limit = Math.max(-this.low, this.high);
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
      ...this.axes(points),
      s("path", { class: "before", d: this.path(before) }),
      s("path", { class: "now", d: this.path(points) }),
      s("path", { class: "digit", d: presence ? this.path(points, isDigit) : "" }),
      s("g", { class: "dots" }, circles),
    );
  }

  place({ at, y }) {
    const [width, height] = [this.width - LEFT - RIGHT, this.height - TOP - BOTTOM];
    return [LEFT + at * width, TOP + (height * (this.high - y)) / (this.high - this.low)];
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

  /** Shaded background where this stage changes the signal. */
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

  /** Values on the left, and the indices of the first and last points. */
  axes(points) {
    const [right, bottom] = [this.width - RIGHT, this.height - BOTTOM];
    const at = (value) => this.place({ at: 0, y: value })[1];
    const text = (x, y, label, anchor) => s("text", { x, y, "text-anchor": anchor }, label);
    const values = [this.high, 0, ...(at(this.low) - at(0) > 16 ? [this.low] : [])];
    const label = (value) => String(Number(value.toPrecision(2))).replace("-", "−");
    const [first, last] = [points[0], points.at(-1)].map((point) => this.place(point)[0]);
    return [
      s("line", { class: "zero", x1: LEFT, x2: right, y1: at(0), y2: at(0) }),
      ...values.map((value) => text(LEFT - 6, at(value) + 4, label(value), "end")),
      text(0, 12, "value", "start"),
      text(first, bottom + 18, "1", "middle"),
      text(last, bottom + 18, `${points.length}`, "middle"),
      text((LEFT + right) / 2, this.height - 4, "point", "middle"),
    ];
  }
}
