/** A text to copy: code in a box, and the button that copies it. */

import { copy, h } from "../dom.js";

/** {element, update(text)}; ids are `name`-text and `name`-copy. */
export function codeBox(name, title, say = () => {}) {
  const code = h("code", { id: `${name}-text` });
  const act = async () => {
    const isDone = await copy(code.textContent);
    button.textContent = isDone ? "Copied" : "Select and copy by hand";
    say(isDone ? `${title} copied.` : "The browser does not let the page copy.");
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  const props = { class: "button", type: "button", id: `${name}-copy`, onclick: act };
  const button = h("button", { ...props, "aria-label": `Copy: ${title}` }, "Copy");
  const text = h("pre", { tabindex: 0, role: "region", "aria-label": title }, code);
  const update = (content) => (code.textContent = content);
  return { element: h("div", { class: "codebox" }, text, button), update };
}
