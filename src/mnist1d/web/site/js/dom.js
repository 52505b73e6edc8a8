/** Create elements; copy text and offer files. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: attributes (`on…` are listeners, true and false set and leave out, `dataset` is an object), then children. */
export const h = (tag, props = {}, ...children) => build(document.createElement(tag), props, children);

/** The same for SVG. */
export const s = (tag, props = {}, ...children) => build(document.createElementNS(SVG, tag), props, children);

function build(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Offer text or a Blob as a file. */
export function download(name, content, type = "text/plain") {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Copy text; false if the browser forbids it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "visually-hidden", "aria-hidden": "true" }, text);
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // for pages without a clipboard: those not served from this machine
    area.remove();
    return done;
  }
}

/** Set an element's text, unless it has that text already: no new layout is then needed. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return a function that calls `act` once at the next frame, with the latest arguments. */
export function onceAFrame(act) {
  let frame = null;
  let newest = [];
  return (...given) => {
    newest = given;
    frame ??= requestAnimationFrame(() => {
      frame = null;
      act(...newest);
    });
  };
}

const PACE = 200; // milliseconds between two redraws of a race

/** Return a function that calls `act` soon, at most once per pause. Workers report more often than
 * a reader can follow, and each redraw takes processor time from training. */
export function paced(act, pause = PACE) {
  let isDue = false;
  let last = -Infinity;
  const run = () => {
    isDue = false;
    last = performance.now();
    act();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => requestAnimationFrame(run), Math.max(0, last + pause - performance.now()));
  };
}

/** Whether the focused element uses a key itself, so that a view must ignore it. */
export const isTyping = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || Boolean(event.target.closest?.("input, select, textarea, [contenteditable]"));
