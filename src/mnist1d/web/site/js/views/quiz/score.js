/** The end of a quiz: the score beside people, models and the ideal observer; errors; the result to
 * export. */

import { copy, download, h, s } from "../../dom.js";
import { score } from "../../model/quiz.js";
import { ladder, percent, rivals } from "../ladder.js";

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Return {element, heading}; `saved` is called once the server has the result. */
export function scoreView(page, state, labels, result, saved) {
  const found = score(state, labels);
  const heading = h(
    "h3",
    { tabindex: -1, id: "quiz-heading" },
    `${found.correct} of ${found.n} correct: ${percent(found.accuracy)}`,
  );
  const facts = h(
    "p",
    {},
    `95% confidence interval: ${percent(found.low)} to ${percent(found.high)} (Wilson). Median time per answer: ${seconds(found.medianMs)}.`,
  );
  const element = h(
    "div",
    { id: "quiz-score" },
    heading,
    facts,
    h("h3", {}, "You, the models and the human"),
    ladder(rivals(page.site, state.shuffled, found), "You, the human, the models and the ideal observer"),
    h("div", { class: "quiz-columns" }, errorsByClass(found.byClass), confused(found.pairs)),
    takeaway(page, state, result, saved),
  );
  return { element, heading };
}

function errorsByClass(byClass) {
  const most = Math.max(1, ...byClass.map(({ n }) => n));
  const rows = byClass.map(({ label, n, errors }) => {
    const bar = s(
      "svg",
      {
        viewBox: "0 0 100 10",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
        class: "quiz-bar",
      },
      s("rect", { class: "all", width: (100 * n) / most, height: 10 }),
      s("rect", { class: "errors", width: (100 * errors) / most, height: 10 }),
    );
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, `${label}`),
      h("td", { class: "number" }, `${errors} of ${n}`),
      h("td", { class: "wide" }, bar),
    );
  });
  const head = h(
    "thead",
    {},
    h(
      "tr",
      {},
      h("th", { scope: "col" }, "digit"),
      h("th", { scope: "col", class: "number" }, "errors"),
      h("td"),
    ),
  );
  const caption = h("caption", { class: "visually-hidden" }, "Errors by digit");
  return h(
    "div",
    {},
    h("h3", {}, "Errors by digit"),
    h("table", { class: "plain" }, caption, head, h("tbody", {}, rows)),
  );
}

function confused(pairs) {
  const items = pairs
    .slice(0, 10)
    .map(({ label, answer, count }) =>
      h("li", {}, `${label} classified as ${answer}: ${count} ${count === 1 ? "time" : "times"}`),
    );
  const list = items.length ? h("ol", { class: "quiz-pairs" }, items) : h("p", {}, "None.");
  return h("div", {}, h("h3", {}, "Confused digits"), list);
}

function takeaway(page, state, result, saved) {
  const text = `${JSON.stringify(result, null, 2)}\n`;
  const told = h("p", { class: "note", role: "status", id: "quiz-saved" });
  const copyButton = h(
    "button",
    {
      class: "button",
      type: "button",
      id: "quiz-copy",
      onclick: async () => {
        copyButton.textContent = (await copy(text)) ? "Copied" : "Select and copy by hand";
      },
    },
    "Copy the result",
  );
  const file = h(
    "button",
    {
      class: "button",
      type: "button",
      id: "quiz-file",
      onclick: () => download("mnist1d-quiz.json", text, "application/json"),
    },
    "Result as JSON",
  );
  const row = h("div", { class: "row" }, file, copyButton);
  if (page.site.runs) {
    const send = h(
      "button",
      { class: "button", type: "button", id: "quiz-save", onclick: () => keep() },
      "Save again",
    );
    send.hidden = true;
    const keep = async () => {
      const error = await post(result);
      send.hidden = !error;
      told.textContent = error
        ? `Not saved: ${error}. Your result is still here: try again, or download the JSON.`
        : `Saved to ${page.site.runs}. The benchmark table of these runs now has your row.`;
      if (error) page.warn(`The result was not saved: ${error}`);
      else saved();
    };
    row.append(send);
    if (state.isSaved) told.textContent = `Saved to ${page.site.runs}.`;
    else keep();
  } else {
    told.textContent =
      "To keep quizzes with your runs and see them in the benchmark table, start the page with mnist1d web --runs DIR.";
  }
  return h("div", {}, h("h3", {}, "Save your result"), row, told);
}

/** Send a result to the server; returns "", or the reason for a rejection. */
async function post(result) {
  try {
    const response = await fetch("api/quiz", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(result),
    });
    const said = await response.json();
    return response.ok ? "" : said.error;
  } catch (error) {
    return `the server does not respond (${error.message})`;
  }
}
