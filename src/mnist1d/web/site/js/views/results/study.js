/** One study under one preset: answer, claims, figures, curves, tables. */

import { h } from "../../dom.js";
import { Curves } from "./curves.js";
import { coded, figure } from "./figure.js";
import { table } from "./table.js";

/** The section of a study. */
export function studySection(study) {
  const id = `results-${study.id}`;
  const content = study.error
    ? [problem(study.error), ...parts(study).filter(Boolean)]
    : parts(study);
  return h(
    "section",
    { class: "study", "aria-labelledby": id, dataset: { id: study.id } },
    h("h3", { id, tabindex: -1 }, study.title ?? study.study),
    h("p", { class: "question" }, study.notice || study.question || ""),
    h("p", {}, study.answer ?? ""),
    h("p", { class: "note" }, ...coded(metaOf(study))),
    content,
  );
}

const problem = (error) =>
  h("p", { class: "error" }, `The results are saved, but some could not be displayed: ${error}`);

function metaOf({ words, trials, seconds, command }) {
  const time = seconds >= 90 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds ?? 0)} seconds`;
  const each = words.seeds && ` with ${words.seeds} each`;
  const of = `${trials} ${trials === 1 ? "trial" : "trials"}${each}, ${time} of one core`;
  return `Preset ${words.preset}; ${of}. Command: \`${command}\``;
}

function parts(study) {
  const name = study.title ?? study.study;
  return [
    claims(study, name),
    figures(study),
    new Curves(study).element,
    study.table && folded("Table", table(study.table, `${name}: table`, `${study.id}-table`)),
    measured(study, name),
    problems(study),
  ];
}

const folded = (summary, body) => body && h("details", {}, h("summary", {}, summary), body);

function claims({ claims: list, id }, name) {
  const header = ["claim", "verdict", "published", "measured [95% CI]", "n", "what is measured"];
  const lines = (list ?? []).map(({ text, verdict = "", published, shown = {}, n, over, quantity }) => {
    const chip = h("span", { class: `chip ${shown.tone ?? "open"}` }, `${shown.mark ?? "?"} ${verdict}`);
    const measured = `${shown.estimate ?? ""} ${shown.interval ?? ""}`.trim();
    const units = over && over !== "seeds" ? `${n} ${over}` : `${n ?? ""}`;
    return [text, { text: verdict, node: chip }, published ?? "", measured, units, quantity ?? ""];
  });
  return table({ header, lines }, `${name}: claims`, `${id}-claims`);
}

/** Show stored figures at once; the server draws others on request. */
function figures({ figures: list, id }) {
  const box = h("div", {});
  if (list) box.append(...list.map(figure));
  else {
    const text = "No figures are stored for these rows. Drawing them takes a few seconds.";
    const button = h("button", { class: "button", type: "button" }, "Draw the figures");
    const told = h("p", { class: "note", role: "status" }, text);
    button.addEventListener("click", async () => {
      button.disabled = true;
      told.textContent = "Drawing the figures.";
      try {
        const response = await fetch(`data/figures/${id}.json`, { cache: "no-cache" });
        const content = await response.json();
        if (!response.ok || content.error) throw new Error(content.error ?? response.statusText);
        box.replaceChildren(...content.figures.map(figure));
      } catch (error) {
        told.textContent = `The figures could not be drawn: ${error.message}. Try again.`;
        button.disabled = false;
      }
    });
    box.append(told, button);
  }
  return box;
}

function measured({ measured: list, id }, name) {
  const lines = (list ?? [])
    .filter(({ n }) => n)
    .map(({ published, shown, n }) => [
      `${published.name} (${published.source})`,
      shown.published,
      shown.mean,
      shown.interval,
      `${n}`,
      shown.agreement,
    ]);
  const header = ["quantity", "published", "measured", "95% CI", "n", "agreement"];
  const body = table({ header, lines }, `${name}: published and measured values`, `${id}-measured`);
  return folded("Published and measured values", body);
}

function problems({ problems: list }) {
  if (!list?.length) return null;
  const items = list.map(({ status, error, trial, seeds }) => {
    return h("li", {}, `${status}, trial ${trial.slice(0, 12)}, seeds ${seeds.join(", ")}: ${error}`);
  });
  return folded(`Failed or skipped trials (${list.length})`, h("ul", {}, items));
}
