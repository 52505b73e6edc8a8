/** A stored figure, in the colours of the theme, with its full caption; it can be saved as SVG or
 * PNG. */

import { download, h } from "../../dom.js";
import { darkened, isDark, onTheme } from "../../palette.js";
import { toPng } from "../../plot.js";

const texts = new Map(); // by address: promises of svg texts

async function textOf(src) {
  if (!texts.has(src)) {
    texts.set(
      src,
      fetch(src).then((response) => {
        if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
        return response.text();
      }),
    );
  }
  return texts.get(src);
}

export function figure({ src, title, caption, size: [width, height] }) {
  const isSvg = src.endsWith(".svg");
  const image = h("img", { alt: title, width, height, class: isSvg ? false : "on-white" });
  const name = src.split("/").at(-1).replace(/\.\w+$/, "");
  const error = h("p", { class: "error", role: "alert" });
  let address = null;
  const show = async () => {
    if (address) URL.revokeObjectURL(address);
    address = null;
    if (!isSvg || !isDark()) return void (image.src = src);
    try {
      const blob = new Blob([darkened(await textOf(src))], { type: "image/svg+xml" });
      address = URL.createObjectURL(blob);
      image.src = address;
    } catch {
      image.src = src; // the browser then shows what is wrong with it
    }
  };
  image.addEventListener("error", () => {
    error.textContent = "This figure could not be loaded. Load the results again.";
  });
  whenNear(image, show);
  onTheme(() => image.isConnected && image.src && show());
  const attempt = (act) => async () => {
    try {
      await act();
      error.textContent = "";
    } catch (problem) {
      error.textContent = `The figure could not be saved: ${problem.message}`;
    }
  };
  const save = (kind, act) => {
    const props = { class: "button small", type: "button", onclick: attempt(act) };
    return h("button", { ...props, "aria-label": `Save ${kind}: ${title}` }, `Save ${kind}`);
  };
  const saveSvg = async () => download(`${name}.svg`, await textOf(src), "image/svg+xml");
  const savePng = async () => {
    const content = isSvg ? await toPng(await textOf(src)) : await (await fetch(src)).blob();
    download(`${name}.png`, content);
  };
  return h(
    "figure",
    { class: "results-figure" },
    h("a", { href: src, target: "_blank", rel: "noopener" }, image),
    h("figcaption", { class: "note" }, coded(caption)),
    error,
    h("p", { class: "tools" }, isSvg ? save("svg", saveSvg) : null, save("png", savePng)),
  );
}

/** Text with the parts in backticks as code. */
export const coded = (text) =>
  text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

/** Call once, when an element comes near the visible part of the page. */
function whenNear(element, act) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: "600px" },
  );
  observer.observe(element);
}
