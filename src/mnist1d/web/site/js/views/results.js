/** Results: the benchmark table; with a folder of runs, the studies' claims, figures, curves and
 * tables; news of a running sweep. */

import { h } from "../dom.js";
import { ladder, percent, rivals } from "./ladder.js";
import { Live } from "./live.js";
import { Browser, chosen } from "./results/browse.js";
import { readResults } from "./results/reading.js";
import { studySection } from "./results/study.js";
import { table } from "./results/table.js";

const PER_FRAME = 2; // studies
const BENCHMARK =
  "Test accuracy after 6,000 training steps, in percent: mean and 95% confidence interval over " +
  "seeds. The human's accuracy comes from 400 published answers. The ideal observer knows how " +
  "signals are made, so no model can do better.";

export function mount(root, page) {
  const view = new Results(page);
  root.append(...view.elements);
  page.settings.subscribe(() => !root.hidden && view.arrange());
  return { shown: () => view.open(), hidden: () => view.live?.close() };
}

class Results {
  constructor(page) {
    this.page = page;
    this.studies = null; // until the first comes
    this.sections = new Map(); // by document, so that a filter does not rebuild them
    this.box = h("div", { id: "results-studies", tabindex: -1 });
    this.quizzes = h("div", {});
    this.browser = new Browser(page, (id) => this.go(id));
    const again = () => this.load().then(() => this.box.focus({ preventScroll: true }));
    this.live = page.site.runs ? new Live(page, again, () => this.offered()) : null;
    const live = this.live ? [this.live.element] : [];
    this.elements = [...live, benchmark(page.site), this.browser.element, this.box, this.quizzes];
    if (page.site.results) this.box.append(h("p", { class: "note" }, "Loading the results."));
  }

  open() {
    this.load();
    this.live?.open();
  }

  async load() {
    const isFirst = !this.text; // nothing on the screen: show each study as it comes
    if (isFirst) this.sections.clear();
    const results = await fetchResults(this.page, (part) => isFirst && this.grow(part));
    this.part = null;
    if (results?.failure) return this.fail(results.failure);
    if (results) this.live?.know(results.calls);
    const text = JSON.stringify({ ...results, made: null, calls: null });
    if (text === this.text) return; // unchanged results are not laid out again while the reader is there
    if (!isFirst) this.sections.clear();
    this.text = text;
    const quizzes = quizTable(results?.quiz ?? []);
    this.quizzes.replaceChildren(...(quizzes ? [quizzes] : []));
    this.show(results?.studies ?? [], []);
  }

  /** Show the studies that have come so far, a few per frame, so that the first are seen early. */
  grow(part) {
    this.part = part;
    this.frame ??= requestAnimationFrame(() => this.showMore());
  }

  showMore() {
    this.frame = null;
    if (!this.part) return; // all are shown, or they failed
    const { studies, expected } = this.part;
    const count = Math.min(studies.length, (this.studies?.length ?? 0) + PER_FRAME);
    this.show(studies.slice(0, count), expected.slice(count)); // the last sweep of each comes first
    if (count < studies.length) this.grow(this.part);
  }

  show(studies, pending) {
    [this.studies, this.pending, this.key] = [studies, pending, null];
    const before = new Set(this.sections.keys());
    this.arrange();
    const { study } = this.page.settings;
    if (study && !before.has(this.idOf(study))) this.go(study, false);
  }

  fail(failure) {
    [this.text, this.studies] = [null, null];
    const told = h("p", { id: "results-none", role: "alert" }, `The results could not be loaded: ${failure}.`);
    const again = h("button", { class: "button", type: "button", onclick: () => this.load() }, "Try again");
    this.browser.element.hidden = true;
    this.box.replaceChildren(told, again);
  }

  /** Show the studies selected by the settings. */
  arrange() {
    if (!this.studies) return;
    const shown = chosen(this.studies, this.page.settings);
    const key = JSON.stringify(shown.map(({ id }) => id));
    if (key === this.key) return;
    this.key = key;
    this.browser.update(this.studies, shown, this.pending);
    if (!this.studies.length) return void (this.text && this.box.replaceChildren(this.none()));
    for (const study of shown) {
      if (!this.sections.has(study.id)) this.sections.set(study.id, studySection(study));
    }
    this.box.replaceChildren(...shown.map(({ id }) => this.sections.get(id)));
  }

  /** The id of a section; a link may name only a study. */
  idOf(id) {
    if (this.sections.has(id)) return id;
    return this.studies?.find(({ study }) => study === id)?.id;
  }

  /** Scroll to a study and note it in the address. */
  go(id, isAsked = true) {
    const section = this.sections.get(this.idOf(id));
    if (!section?.isConnected) return;
    section.scrollIntoView();
    if (!isAsked) return;
    section.querySelector("h3").focus({ preventScroll: true });
    this.page.settings.update({ study: id });
  }

  /** Without results on the screen, say what to do about new ones. */
  offered() {
    if (this.text && !this.studies.length) this.box.replaceChildren(this.none());
  }

  none() {
    if (this.live && !this.live.reload.hidden)
      return h("p", { id: "results-none" }, "New results are ready: load them above.");
    const { runs, results } = this.page.site;
    const how = runs ? `mnist1d reproduce --runs ${runs}` : "mnist1d web --runs DIR";
    const text = results
      ? "There are no runs in this folder yet. To start one: "
      : "To see the results of your own runs here, serve the page with their folder: ";
    return h("p", { id: "results-none" }, text, h("code", {}, how));
  }
}

/** The results; null if this site has none, {failure} if they could not be loaded. */
async function fetchResults(page, each) {
  if (!page.site.results) return null;
  try {
    const response = await page.results();
    if (response.ok) return await readResults(response, each);
    if (response.status === 404) return { failure: "this site no longer has them" };
    return { failure: (await response.json()).error ?? response.statusText };
  } catch (error) {
    return { failure: error.message };
  }
}

function benchmark(site) {
  const column = (heading, isShuffled, name) =>
    h("div", {}, h("h4", {}, heading), ladder(rivals(site, isShuffled), name));
  return h(
    "section",
    { "aria-labelledby": "results-benchmark" },
    h("h3", { id: "results-benchmark" }, "The benchmark"),
    h("p", { class: "note" }, BENCHMARK),
    h(
      "div",
      { class: "quiz-columns" },
      column("Positions in order", false, "Test accuracy, positions in order"),
      column("Positions shuffled", true, "Test accuracy, positions shuffled"),
    ),
  );
}

function quizTable(list) {
  const lines = list.map((quiz) => [
    (quiz.when ?? "").slice(0, 16).replace("T", " "),
    quiz.shuffled ? "shuffled" : "in order",
    `${quiz.n}`,
    percent(quiz.accuracy),
    `${percent(quiz.low)} to ${percent(quiz.high)}`,
    `${(quiz.median_ms / 1000).toFixed(1)} s`,
  ]);
  const header = ["taken", "positions", "answers", "correct", "95% CI", "median time per answer"];
  const body = table({ header, lines }, "Quizzes saved with these runs", "quizzes");
  if (!body) return null;
  const heading = h("h3", { id: "results-quizzes" }, "Quizzes");
  return h("section", { "aria-labelledby": "results-quizzes" }, heading, body);
}
