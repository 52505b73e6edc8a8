/** Results: the benchmark table; with a folder of runs, the studies' claims, figures and tables; curves of a sweep as it goes on. */

import { h } from "../dom.js";
import { ladder, percent, rivals } from "./ladder.js";
import { Live } from "./live.js";

const MARKS = { holds: ["✓", "good"], "does not hold": ["✗", "bad"], undecided: ["?", "open"], "as published": ["✓", "good"], visible: ["✓", "good"] };

export async function mount(root, page) {
  const studies = h("div", { id: "results-studies", tabindex: -1 });
  let shown = null; // the results on the screen, as text: the same ones are not laid out again under the reader
  const load = async () => {
    const results = await fetchResults(page);
    if (results && !results.failure) live?.know(results.calls);
    const text = JSON.stringify({ ...results, made: null, calls: null });
    if (text === shown) return;
    shown = results?.failure ? null : text;
    studies.replaceChildren(...(results?.failure ? failed(results.failure, load) : described(results, page)));
  };
  const live = page.site.runs ? new Live(page, () => load().then(() => studies.focus({ preventScroll: true }))) : null;
  root.append(benchmark(page.site));
  if (live) root.append(live.element);
  root.append(studies);
  if (page.site.results) studies.append(h("p", { class: "note" }, "Loading the results; figures are drawn the first time, which takes some seconds."));
  const open = () => {
    load();
    live?.open();
  };
  return { shown: open, hidden: () => live?.close() };
}

/** The results; null where this site has none, {failure} where they do not come. */
async function fetchResults(page) {
  if (!page.site.results) return null;
  try {
    const response = await fetch("data/results.json", { cache: "no-cache" });
    if (response.ok) return await response.json();
    return { failure: response.status === 404 ? "they are not there any more" : ((await response.json()).error ?? response.statusText) };
  } catch (error) {
    return { failure: error.message };
  }
}

function failed(failure, load) {
  return [h("p", { id: "results-none", role: "alert" }, `The results could not be loaded: ${failure}.`), h("button", { class: "button", type: "button", onclick: load }, "Try again")];
}

function benchmark(site) {
  return h("section", { "aria-labelledby": "results-benchmark" }, h("h3", { id: "results-benchmark" }, "The benchmark"),
    h("p", { class: "note" }, "Test accuracy after the last of 6,000 steps, percent, mean and 95 % interval over seeds; the human's, from the published answers. No model can do better than the ideal observer, which knows how the signals are made."),
    h("div", { class: "quiz-columns" },
      h("div", {}, h("h4", {}, "As published"), ladder(rivals(site, false), "Test accuracy")),
      h("div", {}, h("h4", {}, "Positions shuffled"), ladder(rivals(site, true), "Test accuracy, positions shuffled"))));
}

function described(results, page) {
  const how = page.site.runs ? `mnist1d reproduce --runs ${page.site.runs}` : "mnist1d reproduce, then mnist1d web --runs mnist1d-runs";
  if (results === null) return [h("p", { id: "results-none" }, "The studies' results are shown where the page is served, or was exported, with a folder of runs: ", h("code", {}, how), ".")];
  const { studies, quiz } = { studies: [], quiz: [], ...results };
  if (!studies.length && !quiz.length) return [h("p", { id: "results-none" }, "No runs yet: ", h("code", {}, how), ".")];
  const claims = studies.flatMap((study) => study.claims ?? []);
  const verdicts = [...new Set(claims.map(({ verdict }) => verdict))];
  const counts = verdicts.map((verdict) => `${verdict}: ${claims.filter((claim) => claim.verdict === verdict).length}`);
  const summary = `${claims.length} claims tested. ${counts.join(", ")}.`;
  return [...(studies.length ? [h("p", { id: "results-summary" }, summary)] : []), ...[quizzes(quiz)].filter(Boolean), ...studies.map(section)];
}

function section(study, i) {
  const id = `results-study-${i}`;
  const meta = `Preset ${study.label ?? "unknown"}; ${study.trials ?? "?"} trials, ${study.seeds?.length ?? "?"} seeds, ${Math.round(study.seconds ?? 0)} seconds of one core.`;
  const parts = study.error
    ? [h("p", { class: "error" }, `Its results are saved but could not be displayed: ${study.error}`)]
    : [claimsTable(study), ...(study.figures ?? []).map(figure), table(study.table, `${study.title ?? study.study}: table`), measured(study)];
  return h("section", { "aria-labelledby": id }, h("h3", { id }, study.title ?? study.study), h("p", {}, study.notice || study.question || ""), h("p", {}, study.answer ?? ""), h("p", { class: "note" }, meta), parts);
}

function claimsTable({ claims, title }) {
  const rows = (claims ?? []).map((claim) => {
    const [mark, style] = MARKS[claim.verdict] ?? ["?", "open"];
    const chip = h("span", { class: `chip ${style}` }, `${mark} ${claim.verdict ?? "no verdict"}`);
    return [claim.text, chip, claim.published ?? "", `${claim.shown?.estimate ?? ""} ${claim.shown?.interval ?? ""}`, claim.quantity ?? ""];
  });
  return table({ header: ["claim", "verdict", "published", "measured [95% interval]", "what is measured"], lines: rows }, `${title}: claims`);
}

function measured({ measured: list, title }) {
  const rows = (list ?? []).filter(({ n }) => n).map((m) => [m.published.name, m.shown.published, m.shown.mean, m.shown.interval, `${m.n}`, m.shown.agreement]);
  const body = table({ header: ["", "published", "measured", "95% interval", "n", "agreement"], lines: rows }, `${title}: published beside measured`);
  return body && h("details", {}, h("summary", {}, "Published figures beside measured ones"), body);
}

function figure({ src, title = "", caption = "" }) {
  return h("figure", { class: "results-figure" }, h("a", { href: src, target: "_blank", rel: "noopener" }, h("img", { src, alt: title, loading: "lazy" })), h("figcaption", { class: "note" }, caption));
}

function quizzes(list) {
  const lines = list.map((q) => [(q.when ?? "").slice(0, 16).replace("T", " "), q.shuffled ? "shuffled" : "plain", `${q.n}`, percent(q.accuracy), `${percent(q.low)} to ${percent(q.high)}`, `${(q.median_ms / 1000).toFixed(1)} s`]);
  const body = table({ header: ["taken", "", "answers", "right", "95 % interval", "per answer"], lines }, "Quizzes kept with these runs");
  return body && h("section", { "aria-labelledby": "results-quizzes" }, h("h3", { id: "results-quizzes" }, "Quizzes"), body);
}

/** A table in its own scrolling box; null where there is nothing in it. Cells are texts or nodes; a column of numbers is set right. */
function table(content, caption) {
  if (!content?.lines?.length) return null;
  const { header, lines } = content;
  const isNumber = header.map((_, i) => i > 0 && lines.every((line) => typeof line[i] === "string" && /^($|[-+−–0-9])/.test(line[i])));
  const style = (i) => (isNumber[i] ? "number" : "");
  const head = h("tr", {}, header.map((text, i) => (text ? h("th", { scope: "col", class: style(i) }, text) : h("td"))));
  const body = lines.map((line) => h("tr", {}, line.map((cell, i) => (i ? h("td", { class: style(i) }, cell) : h("th", { scope: "row" }, cell)))));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", { class: "plain" }, h("caption", { class: "visually-hidden" }, caption), h("thead", {}, head), h("tbody", {}, body)));
}
