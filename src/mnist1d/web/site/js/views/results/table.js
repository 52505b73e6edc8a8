/** Tables: sorted by a click on a column's head, saved as csv. */

import { download, h } from "../../dom.js";

const NUMBER = /^[-+−–]?[\d.,]+/;

/** The number that a cell starts with, for sorting; null for text. */
function numberOf(text) {
  const found = NUMBER.exec(text);
  return found ? Number(found[0].replace(/[−–]/, "-").replaceAll(",", "")) : null;
}

/** Lines as csv, quoted where needed. */
export function csvOf(header, lines) {
  const cell = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [header, ...lines].map((line) => line.map(cell).join(",")).join("\n") + "\n";
}

/** A table in its own scrolling box; null if it is empty.
 *
 * Cells are texts or {text, node}; a column of numbers is aligned right. On a phone, each line is a
 * block whose cells are named by their columns, unless there are many lines.
 */
export function table({ header, lines }, caption, file) {
  if (!lines?.length) return null;
  const textOf = (cell) => (typeof cell === "string" ? cell : cell.text);
  const isNumber = header.map(
    (_, i) => i > 0 && lines.every((line) => textOf(line[i]) === "" || NUMBER.test(textOf(line[i]))),
  );
  const order = { column: null, isDown: false };
  const style = (i) => (isNumber[i] ? "number" : false);
  const body = h("tbody");
  const buttons = header.map((text, i) =>
    h("button", { class: "sort", type: "button", onclick: () => sortBy(i) }, text || "name"),
  );
  const heads = buttons.map((button, i) => h("th", { scope: "col", class: style(i) }, button));
  const row = (line) =>
    h(
      "tr",
      {},
      line.map((cell, i) => {
        const content = cell.node ?? textOf(cell);
        if (i === 0) return h("th", { scope: "row" }, content);
        return h("td", { class: style(i), dataset: { head: header[i] } }, content);
      }),
    );
  const fill = () => body.replaceChildren(...sorted(lines, order, textOf).map(row));
  const sortBy = (i) => {
    const isAgain = order.column === i;
    Object.assign(order, { column: i, isDown: isAgain ? !order.isDown : isNumber[i] });
    heads.forEach((head, j) => {
      if (j === i) head.setAttribute("aria-sort", order.isDown ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    fill();
  };
  fill();
  const save = () =>
    download(`${file}.csv`, csvOf(header, lines.map((line) => line.map(textOf))), "text/csv");
  const box = h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      { class: header.length > 6 ? "plain wide" : "plain" },
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, heads)),
      body,
    ),
  );
  const button = h("button", { class: "button small", type: "button", onclick: save }, "Save csv");
  button.setAttribute("aria-label", `Save csv: ${caption}`);
  return h("div", { class: "table-box" }, box, h("p", { class: "tools" }, button));
}

function sorted(lines, { column, isDown }, textOf) {
  if (column === null) return lines;
  const keys = new Map(lines.map((line) => [line, textOf(line[column])]));
  const compare = (a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    const [m, n] = [numberOf(x), numberOf(y)];
    return m !== null && n !== null ? m - n : x.localeCompare(y);
  };
  const found = lines.toSorted(compare);
  return isDown ? found.reverse() : found;
}
