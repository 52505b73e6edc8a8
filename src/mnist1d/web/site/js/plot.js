/** Lines as SVG: the panels on the page, and the same panels as a separate picture. */

import { h, s, write } from "./dom.js";

export const [WIDTH, HEIGHT] = [120, 72]; // of a panel's drawing, in its own units

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** A round number at or above the largest absolute value, so that small changes do not change the
 * scale. */
export function roundedLimit(signals) {
  let largest = 1e-9;
  for (const { x } of signals)
    for (const value of x) if (Math.abs(value) > largest) largest = Math.abs(value);
  const power = 10 ** Math.floor(Math.log10(largest));
  return power * STEPS.find((step) => step * power >= largest * 0.999);
}

/** The points of a line over time, as path data without its commands: left to right, up is
 * positive; the ends touch the frame at ± limit. */
function places(x, limit, width, height) {
  const scale = (height / 2 - 2) / limit;
  const step = (width - 4) / Math.max(x.length - 1, 1);
  const out = new Array(x.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = `${short(2 + i * step)} ${short(height / 2 - x[i] * scale)}`;
  }
  return out;
}

const TEXTS = new Array(100 * WIDTH + 1); // of coordinates, by hundredths

/** A coordinate with two decimals. Converting numbers to text takes most of the time of a redraw of
 * a hundred lines, so texts are kept. */
function short(value) {
  const hundredths = Math.round(100 * value);
  if (!(hundredths >= 0 && hundredths < TEXTS.length)) return `${hundredths / 100}`;
  return (TEXTS[hundredths] ??= `${hundredths / 100}`);
}

/** Path data of a line over time. */
export const linePath = (x, limit, width = WIDTH, height = HEIGHT) =>
  `M${places(x, limit, width, height).join("L")}`;

/** What a panel draws of its signals: the whole lines, and where the digit is (nowhere once
 * positions are permuted).
 */
export function panelPaths(signals, limit, isShuffled) {
  let [whole, digit] = ["", ""];
  for (const { x, presence } of signals) {
    const line = places(x, limit, WIDTH, HEIGHT);
    whole += `M${line.join("L")}`;
    if (isShuffled) continue;
    const isOn = (i) => presence[i] > 0.5;
    for (let i = 0; i < line.length; i++) {
      if (isOn(i)) digit += (i && isOn(i - 1) ? "L" : "M") + line[i];
    }
  }
  return { whole, digit };
}

const round = (value) => String(Number(value.toPrecision(2)));

/** A panel on the page: ten or more of them share one scale, written at the left. */
export class SignalPanel {
  constructor() {
    this.title = s("title");
    this.whole = s("path", { class: "whole" });
    this.digit = s("path", { class: "digit" });
    const [middle, end] = [HEIGHT / 2, WIDTH - 2];
    const zero = s("line", { class: "zero", x1: 0, x2: WIDTH, y1: middle, y2: middle });
    this.marks = ["high", "low", "last"].map(() => s("text", { class: "mark" }));
    const places = [
      { x: 1, y: 7 },
      { x: 1, y: HEIGHT - 2 },
      { x: end, y: HEIGHT - 2, "text-anchor": "end" },
    ];
    this.marks.forEach((mark, i) => {
      for (const [name, value] of Object.entries(places[i])) mark.setAttribute(name, value);
    });
    const content = [this.title, zero, ...this.marks, this.whole, this.digit];
    this.svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, content);
    this.caption = h("figcaption");
    this.element = h("figure", { class: "panel" }, this.caption, this.svg);
  }

  update(signals, { caption, title, limit, isShuffled }) {
    const { whole, digit } = panelPaths(signals, limit, isShuffled);
    this.whole.setAttribute("d", whole);
    this.digit.setAttribute("d", digit);
    const texts = [`+${round(limit)}`, `−${round(limit)}`, `${signals[0].x.length} points`];
    this.marks.forEach((mark, i) => write(mark, texts[i]));
    write(this.caption, caption);
    write(this.title, title);
    this.svg.dataset.many = signals.length > 1 ? "yes" : "no";
  }
}

const FRAME = { left: 12, top: 34, gap: 14, caption: 14 };

/** All panels as one separate SVG document, on white: [{caption, signals}] -> text. */
export function picture(panels, { heading, limit, isShuffled, columns = 5 }) {
  const [stepX, stepY] = [WIDTH + FRAME.gap, HEIGHT + FRAME.gap + FRAME.caption];
  const [width, height] = [
    2 * FRAME.left + columns * stepX - FRAME.gap,
    FRAME.top + Math.ceil(panels.length / columns) * stepY,
  ];
  const drawn = panels.map(({ caption, signals }, i) => {
    const { whole, digit } = panelPaths(signals, limit, isShuffled);
    const thin = signals.length > 1 ? 0.5 : 1;
    return (
      `<g transform="translate(${FRAME.left + (i % columns) * stepX} ${FRAME.top + Math.floor(i / columns) * stepY})">` +
      `<text y="9" font-size="9">${escape(caption)}</text><g transform="translate(0 ${FRAME.caption})" fill="none" stroke-linejoin="round">` +
      `<path d="M0 ${HEIGHT / 2}H${WIDTH}" stroke="#d9dce0" stroke-width=".6"/>` +
      `<path d="${whole}" stroke="#59636e" stroke-width="${thin}"/><path d="${digit}" stroke="#a3217a" stroke-width="${2 * thin}"/></g></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${2 * width}" height="${2 * height}" ` +
    `font-family="system-ui, DejaVu Sans, sans-serif" fill="#1f2328"><rect width="100%" height="100%" fill="#fff"/>` +
    `<text x="${FRAME.left}" y="18" font-size="11">${escape(heading)}</text>${drawn.join("")}</svg>\n`
  );
}

const escape = (text) =>
  text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

const INLINED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity"];
const LETTERS = ["font-size", "font-weight", "font-family", "text-anchor"];

/** A drawing of the page as a separate document, in the current colours and on the current
 * background. */
export function standalone(svg) {
  const copy = svg.cloneNode(true);
  const [own, copied] = [svg, copy].map((one) => [...one.querySelectorAll("path, line, circle, text")]);
  own.forEach((element, i) => {
    const style = getComputedStyle(element);
    const names = element.tagName === "text" ? [...INLINED, ...LETTERS] : INLINED;
    copied[i].removeAttribute("class");
    for (const name of names) copied[i].style.setProperty(name, style.getPropertyValue(name));
  });
  const { width, height } = svg.viewBox.baseVal;
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--card");
  const sizes = { xmlns: "http://www.w3.org/2000/svg", width, height };
  for (const [name, value] of Object.entries(sizes)) copy.setAttribute(name, value);
  copy.removeAttribute("style");
  copy.prepend(s("rect", { width: "100%", height: "100%", fill: ground.trim() }));
  return `${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Turn an SVG document into a png of the same size. */
export async function toPng(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = h("canvas", { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
