/** A chart of lines: axes, direct labels, reference lines, values under the pointer or by arrow
 * keys.
 */

import { h, s, write } from "./dom.js";

const [TOP, BOTTOM, LEFT] = [26, 40, 42];
const LABEL_GAP = 15; // minimum number of pixels between two labels at the right
const GLYPH = 7.9; // pixels of a character of a label
const PROJECTOR = 1.4; // how much larger both are on a projector

export const percent = (share) => `${(100 * share).toFixed(1)}%`;
export const count = (n) => Math.round(n).toLocaleString("en");

/** Round numbers from 0 to `most`, about `wanted` of them. */
export function ticks(most, wanted = 5) {
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const n = Math.floor(most / step + 1e-9);
  return Array.from({ length: n + 1 }, (_, i) => i * step);
}

/** Move labels apart that would overlap: [{y, ...}] sorted from the top, within [low, high]. */
export function spread(labels, low, high, gap = LABEL_GAP) {
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  sorted.forEach((label, i) => {
    label.at = Math.max(label.y, i ? sorted[i - 1].at + gap : low);
  });
  for (let i = sorted.length - 1, limit = high; i >= 0; i--) {
    sorted[i].at = Math.min(sorted[i].at, limit);
    limit = sorted[i].at - gap;
  }
  return sorted;
}

/** A round range that holds all values, for an axis that need not start at 0. */
export function roundedRange(values, isLog = false) {
  const kept = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));
  if (!kept.length) return isLog ? [0.1, 1] : [0, 1];
  const [low, high] = [Math.min(...kept), Math.max(...kept)];
  if (isLog) return [low, high].map((value, i) => (i ? value * 1.1 : value / 1.1));
  const step = 10 ** Math.floor(Math.log10((high - low || Math.abs(high) || 1) / 2));
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

/** Chart of {series, references, xMax, yMax, marks} by `update`:
 *   series      [{name, style, points: [[x, y], ...], isDashed, band: [[x, low, high], ...]}]
 *   references  [{name, style, y}], dotted lines across
 *   marks       [{name, x}], dotted lines upright
 *   yMin, yLog  the y axis starts at yMin (default 0), or is logarithmic from there
 *   isBare      without labels at the right: a legend elsewhere names the series
 * `style` is a class of the page's colours, or `color` a colour as such; labels at the right replace
 * a legend, and a series without a name has none. Values are shares and shown in percent, unless
 * `format` says otherwise.
 */
export class Chart {
  constructor({ title, xLabel, yLabel, xLog = false, height = 280, format = percent, xFormat = count }) {
    const zoom = document.documentElement.dataset.projector ? PROJECTOR : 1;
    Object.assign(this, { title, xLabel, yLabel, xLog, format, xFormat, zoom, width: 640, at: null });
    Object.assign(this, { height: height * zoom, top: TOP * zoom, bottom: BOTTOM * zoom, left: LEFT * zoom });
    this.content = { series: [], references: [], xMax: 1 };
    this.name = s("title");
    [this.still, this.moving] = [s("g"), s("g")]; // axes and references; what changes as models learn
    const parts = [this.name, this.still, this.moving];
    this.svg = s("svg", { role: "img", tabindex: 0, class: "chart" }, parts);
    this.readout = h("p", { class: "readout num", "aria-live": "off" }, "\u00a0");
    this.element = h("figure", { class: "chart-figure" }, this.svg, this.readout);
    new ResizeObserver(([{ contentRect }]) => this.resize(contentRect.width)).observe(this.element);
    this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("keydown", (event) => this.onKey(event));
    this.svg.addEventListener("blur", () => this.point(null));
  }

  resize(width) {
    if (width && Math.abs(width - this.width) > 1) {
      this.width = width;
      this.draw();
    }
  }

  update(content) {
    this.content = content;
    this.draw();
  }

  /** Positions of x and y in pixels. */
  scales() {
    const { series, references, xMax, yMin = 0, yMax = 1, yLog = false, isBare } = this.content;
    [this.yMin, this.yMax, this.yLog] = [yMin, yMax, yLog];
    const named = isBare ? [] : [...series, ...references];
    const names = named.map(({ name, points }) => this.labelOf(name, points));
    const longest = Math.max(0, ...names.map((name) => name.length));
    this.right = Math.max(26, Math.min(longest * GLYPH * this.zoom + 14, 0.42 * this.width));
    const span = this.width - this.left - this.right;
    const across = (x) => (this.xLog ? Math.log1p(x) / Math.log1p(xMax) : x / xMax);
    this.x = (x) => this.left + across(x) * span;
    const up = (y) =>
      yLog ? Math.log(Math.max(y, yMin) / yMin) / Math.log(yMax / yMin) : (y - yMin) / (yMax - yMin);
    this.y = (y) => this.top + (1 - up(y)) * (this.height - this.top - this.bottom);
  }

  draw() {
    this.scales();
    const { width, height, content } = this;
    const { references, marks, xMax, yMin, yMax, yLog } = content;
    const range = [yMin, yMax, yLog, this.xLog, xMax];
    const names = [this.xLabel, this.yLabel, this.format(1), this.xFormat(1)];
    const frame = JSON.stringify([width, height, this.right, range, names, references, marks]);
    if (frame !== this.frame) {
      this.frame = frame;
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.style.height = `${height}px`;
      this.still.replaceChildren(...this.axes(), ...this.markings());
    }
    this.moving.replaceChildren(...this.lines(), ...this.labels(), ...this.cross());
    write(this.name, this.describe());
  }

  axes() {
    const { height, width, right, xLabel, yLabel } = this;
    const { xMax } = this.content;
    const end = width - right;
    const across = this.yTicks().flatMap((y) => [
      s("line", { class: "grid", x1: this.left, x2: end, y1: this.y(y), y2: this.y(y) }),
      s("text", { x: this.left - 6, y: this.y(y) + 4, "text-anchor": "end" }, this.tick(y)),
    ]);
    const marks = this.xLog ? logTicks(xMax) : ticks(xMax, width < 420 ? 3 : 6);
    const along = marks.flatMap((x) => [
      s("line", { class: "tick", x1: this.x(x), x2: this.x(x), y1: this.floor, y2: this.floor + 5 }),
      s("text", { x: this.x(x), y: this.floor + 18 * this.zoom, "text-anchor": "middle" }, this.xFormat(x)),
    ]);
    const name = s("text", { x: (this.left + end) / 2, y: height - 4, "text-anchor": "middle" }, xLabel);
    const side = s("text", { x: 0, y: 12 * this.zoom }, yLabel);
    return [...across, ...along, name, side];
  }

  get floor() {
    return this.height - this.bottom;
  }

  yTicks() {
    const { yMin, yMax, yLog } = this;
    if (!yLog) return ticks(yMax - yMin).map((y) => y + yMin);
    const [first, last] = [Math.ceil(Math.log10(yMin)), Math.floor(Math.log10(yMax))];
    const powers = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => 10 ** (first + i));
    return powers.length > 1 ? powers : [yMin, Math.sqrt(yMin * yMax), yMax];
  }

  /** Upright and dotted lines to compare with. */
  markings() {
    const { references, marks = [] } = this.content;
    const end = this.width - this.right;
    const upright = marks.flatMap(({ name, x }) => [
      s("line", { class: "upright", x1: this.x(x), x2: this.x(x), y1: this.top, y2: this.floor }),
      s("text", { x: this.x(x) + 5, y: this.top + 10 }, name),
    ]);
    const dotted = references.map(({ y, style }) =>
      s("line", { class: `reference ${style}`, x1: this.left, x2: end, y1: this.y(y), y2: this.y(y) }),
    );
    return [...upright, ...dotted];
  }

  lines() {
    const { series } = this.content;
    const place = ([x, y], i) => `${i ? "L" : "M"}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`;
    const bands = series.flatMap(({ band, style, color }) => {
      if (!band?.length) return [];
      const upper = band.map(([x, , high]) => [x, high]);
      const edge = [...upper, ...band.map(([x, low]) => [x, low]).reverse()];
      return [tinted(s("path", { class: `band ${style}`, d: `${edge.map(place).join("")}Z` }), color)];
    });
    const drawn = series.map(({ points, style, isDashed, color }) => {
      const own = `series ${style}${isDashed ? " dashed" : ""}`;
      return tinted(s("path", { class: own, d: points.map(place).join("") }), color);
    });
    return [...bands, ...drawn];
  }

  labels() {
    const { series, references, isBare } = this.content;
    if (isBare) return [];
    const ends = series
      .filter(({ name, points }) => name && points.length)
      .map(({ name, style, points }) => ({ name, style, points, y: this.y(points.at(-1)[1]) }));
    const marks = references.map(({ name, style, y }) => ({ name, style, y: this.y(y) }));
    const low = this.top + 4;
    return spread([...ends, ...marks], low, this.floor + 8, LABEL_GAP * this.zoom).flatMap((label) => [
      s(
        "text",
        { class: `label ${label.style}`, x: this.width - this.right + 8, y: label.at + 4 },
        this.labelOf(label.name, label.points),
      ),
    ]);
  }

  /** The line under the pointer, and a dot on each curve. */
  cross() {
    if (this.at === null) return [];
    const x = this.x(this.at);
    const line = s("line", { class: "cross", x1: x, x2: x, y1: this.top, y2: this.floor });
    const dots = this.values().map(({ style, color, point }) =>
      tinted(s("circle", { class: style, cx: this.x(point[0]), cy: this.y(point[1]), r: 4 }), color),
    );
    return [line, ...dots];
  }

  /** Each curve's point nearest to the pointer. */
  values() {
    return this.content.series
      .filter(({ name, points }) => name && points.length)
      .map(({ name, style, color, points }) => {
        const distance = ([x]) => Math.abs(x - this.at);
        const point = points.reduce((a, b) => (distance(b) < distance(a) ? b : a));
        return { name, style, color, point };
      });
  }

  point(offset) {
    const steps = this.steps();
    if (offset === null || !steps.length) this.at = null;
    else {
      const distance = (x) => Math.abs(this.x(x) - offset);
      this.at = steps.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    }
    this.tell();
  }

  onKey(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const steps = this.steps();
    if (!move || !steps.length) return;
    const now = this.at === null ? steps.length - 1 : steps.indexOf(this.at) + move;
    this.at = steps[Math.min(Math.max(now, 0), steps.length - 1)];
    event.preventDefault();
    this.tell();
  }

  /** All x of all curves, ascending. */
  steps() {
    const all = this.content.series.flatMap(({ points }) => points.map(([x]) => x));
    return [...new Set(all)].sort((a, b) => a - b);
  }

  tell() {
    const isAt = this.at !== null;
    this.readout.setAttribute("aria-live", document.activeElement === this.svg ? "polite" : "off");
    this.readout.textContent = isAt
      ? `${this.xLabel} ${this.xFormat(this.at)}: ${this.values()
          .map(({ name, point }) => `${name} ${this.format(point[1])}`)
          .join(", ")}`
      : "\u00a0";
    this.draw();
  }

  /** A series' label: its name and its last value. */
  labelOf(name, points) {
    return name && points?.length ? `${name} ${this.format(points.at(-1)[1])}` : name;
  }

  /** A value on the axis, without needless decimals. */
  tick(y) {
    return this.format(y).replace(/\.0(?=%|$)/, "");
  }

  describe() {
    const { series, references } = this.content;
    const parts = [...series, ...references]
      .filter(({ name, points }) => name && (!points || points.length))
      .map(({ name, points, y }) => `${name} ${this.format(points ? points.at(-1)[1] : y)}`);
    return `${this.title}. ${parts.join(", ")}`;
  }
}

/** An element with a colour of its own. */
function tinted(element, color) {
  if (color) element.style.setProperty("--own", color);
  return element;
}

const logTicks = (most) => [0, 1, 10, 100, 1000, 10000, 100000].filter((x) => x <= most);
