/** Which studies Results shows, and in which order: contents, filters, sorting. */

import { h } from "../../dom.js";

const TONES = [
  ["good", "✓", "holds, or looks as published", "hold, or look as published"],
  ["bad", "✗", "does not hold", "do not hold"],
  ["open", "?", "undecided", "undecided"],
];
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const SORTS = {
  paper: "the paper's order",
  name: "name",
  verdict: "most claims that do not hold",
  newest: "latest run",
  cost: "computing time",
};
const VERDICTS = {
  all: "any",
  good: "claims that hold",
  bad: "claims that do not hold",
  open: "undecided claims",
};

/** How many claims of a study have each tone: {good, bad, open}. */
export function tally(study) {
  const found = { good: 0, bad: 0, open: 0 };
  for (const { shown } of study.claims ?? []) found[shown?.tone ?? "open"] += 1;
  return found;
}

/** The studies that the settings choose, in their order; `studies` are in the paper's. */
export function chosen(studies, { find, preset, verdict, sort }) {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const seen = new Set();
  const kept = studies.filter((study) => {
    const isLast = !seen.has(study.study); // within a study, the latest sweep comes first
    seen.add(study.study);
    if (preset ? study.label !== preset : !isLast) return false;
    if (verdict !== "all" && !tally(study)[verdict]) return false;
    const text = `${study.study} ${study.title} ${study.question} ${study.label}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const keys = {
    name: (a, b) => a.title.localeCompare(b.title),
    verdict: (a, b) => tally(b).bad - tally(a).bad,
    newest: (a, b) => (b.asked ?? "").localeCompare(a.asked ?? ""),
    cost: (a, b) => b.seconds - a.seconds,
  };
  return keys[sort] ? kept.toSorted(keys[sort]) : kept;
}

/** The form of filters, and the list of contents. */
export class Browser {
  constructor(page, go) {
    this.page = page;
    this.go = go;
    this.summary = h("p", { id: "results-summary", role: "status" });
    this.list = h("ol", { class: "contents" });
    this.presets = this.select("preset", {});
    const find = h("input", { type: "text", id: "results-find", autocomplete: "off", size: 18 });
    find.value = page.settings.find;
    find.addEventListener("input", () => page.settings.update({ find: find.value.slice(0, 100) }));
    this.find = find;
    const labelled = (text, field) => h("label", { class: "row" }, text, field);
    const form = h(
      "div",
      { class: "row filters", role: "group", "aria-label": "Filter and sort the studies" },
      labelled("Find", find),
      labelled("Preset", this.presets),
      labelled("Verdict", this.select("verdict", VERDICTS)),
      labelled("Sort by", this.select("sort", SORTS)),
    );
    const nav = h("nav", { class: "contents-box", "aria-label": "Studies" }, this.list);
    this.element = h("div", { class: "card browse" }, form, this.summary, nav);
    this.element.hidden = true;
  }

  select(name, options) {
    const { settings } = this.page;
    const field = h("select", { id: `results-${name}` });
    fillSelect(field, options);
    field.addEventListener("change", () => settings.update({ [name]: field.value }));
    settings.subscribe(() => (field.value = settings[name]));
    return field;
  }

  /** Offer the presets of these studies, and list those that are chosen. pending: the names of
   * studies that are still to come. */
  update(studies, shown, pending) {
    this.element.hidden = !studies.length;
    const labels = new Map(studies.map(({ label, words }) => [label, words.preset]));
    labels.delete("");
    fillSelect(this.presets, { "": "latest run", ...Object.fromEntries(labels) });
    this.presets.value = labels.has(this.page.settings.preset) ? this.page.settings.preset : "";
    const total = { good: 0, bad: 0, open: 0 };
    const items = shown.map((study) => {
      const counts = tally(study);
      for (const tone of Object.keys(total)) total[tone] += counts[tone];
      const props = { class: "entry", type: "button", onclick: () => this.go(study.id) };
      return h("li", {}, h("button", props, study.title, " ", marks(counts)));
    });
    this.list.replaceChildren(...items, ...pending.map((name) => h("li", { class: "note" }, name)));
    if (pending.length) return void (this.summary.textContent = "Loading the results.");
    const parts = TONES.map(([tone, , one, many]) => plural(total[tone], one, many));
    const number = plural(total.good + total.bad + total.open, "claim", "claims");
    this.summary.textContent = shown.length
      ? `${number} in ${plural(shown.length, "study", "studies")}: ${parts.join("; ")}.`
      : "No study matches these filters. Clear Find, or choose another preset or verdict.";
  }
}

/** ✓3 ✗1 ?2, read as words by a screen reader. */
function marks(counts) {
  return TONES.filter(([tone]) => counts[tone]).map(([tone, mark, one, many]) =>
    h(
      "span",
      { class: `tone ${tone}` },
      h("span", { "aria-hidden": "true" }, `${mark}${counts[tone]}`),
      h("span", { class: "visually-hidden" }, `${plural(counts[tone], one, many)}. `),
    ),
  );
}

function fillSelect(field, options) {
  const made = Object.entries(options).map(([value, text]) => h("option", { value }, text));
  field.replaceChildren(...made);
}
