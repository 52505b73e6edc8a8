/** The page: load the package's data, show one view at a time by the address's hash. */

import { h } from "./dom.js";
import { ObserverLine } from "./observer.js";
import { Scene } from "./model/scene.js";
import { TestSet } from "./model/testset.js";
import { Settings } from "./settings.js";
import { load, save } from "./storage.js";

const VIEWS = ["learn", "explore", "pipeline", "train", "quiz", "results", "takeaway"];
const THEMES = ["auto", "light", "dark"];
const LOCAL = "No data leaves this page; your progress is stored in this browser.";
const KEPT =
  "The server on this machine stores finished quizzes with your runs; no data goes further.";

const section = (name) => document.getElementById(name);
const mounted = new Map();
let current = null;

async function read(path, kind) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response[kind]();
}

const page = {
  say(text) {
    section("page-said").textContent = text;
  },
  warn(...lines) {
    const dismiss = { class: "button", type: "button", onclick: () => box.remove() };
    const text = h(
      "div",
      {},
      lines.map((line) => h("p", {}, line)),
    );
    const box = h(
      "div",
      { class: "warning", role: "alert" },
      text,
      h("button", dismiss, "Dismiss"),
    );
    section("page-warnings").append(box);
  },
  /** The response with the results of a folder of runs. */
  results() {
    const response = this.early ?? fetch("data/results.json", { cache: "no-cache" });
    this.early = null;
    return response;
  },
  /** The published test set, loaded when it is first needed. */
  async test() {
    this.testSet ??= new TestSet(await read("data/test.bin", "arrayBuffer"), this.site);
    return this.testSet;
  },
};

async function show(name) {
  for (const view of VIEWS) {
    section(view).hidden = view !== name;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === name) {
      link.setAttribute("aria-current", "page");
      link.closest("ul").scrollLeft = link.offsetLeft - link.offsetWidth; // a phone shows some of them
    } else link.removeAttribute("aria-current");
  }
  document.title = `${section(name).querySelector("h2").textContent} – MNIST-1D`;
  mounted.get(current)?.hidden?.();
  current = name;
  try {
    if (!mounted.has(name)) {
      const view = await import(`./views/${name}.js`);
      if (!mounted.has(name)) mounted.set(name, (await view.mount(section(name), page)) ?? {});
      const next = section(name).querySelector(".next"); // what to do next, at the bottom
      if (next) section(name).append(next);
    }
    if (current === name) mounted.get(name).shown?.();
  } catch (error) {
    console.error(error);
    page.warn(`This view could not be loaded (${error.message}). Reload the page to try again.`);
  }
}

/** The view that the address names. */
const named = () => (VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0]);

function followHash() {
  const name = named();
  if (name === current) return;
  const isFirst = current === null;
  show(name);
  if (!isFirst) {
    scrollTo(0, 0);
    section(name).querySelector("h2").focus({ preventScroll: true }); // where a screen reader continues
  }
}

/** The theme: from the link, else from this browser's storage, else the system's. */
function themeButton(settings) {
  const button = section("page-theme");
  const stored = THEMES.includes(load("theme")) ? load("theme") : "auto";
  let theme = settings.theme === "auto" ? stored : settings.theme;
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    apply();
    save("theme", theme);
    if (settings.theme !== "auto") settings.update({ theme });
  });
  apply();
}

/** For frames and projectors: which parts are hidden, and the size of the others. */
function arrange({ embed, hide, projector }) {
  const { dataset } = document.documentElement;
  const parts = embed ? ["header", "footer", ...hide] : hide;
  if (parts.length) dataset.hide = parts.join(" ");
  if (projector) dataset.projector = "yes";
}

async function start() {
  import(`./views/${named()}.js`).catch(() => {}); // loads beside the data; show() reports errors
  const site = await read("data/site.json", "json");
  page.site = site;
  page.scene = new Scene(site);
  page.observer = new ObserverLine(site.templates);
  page.settings = new Settings(site.knobs);
  const problems = page.settings.readAddress();
  if (problems.length) {
    const rest = "The page uses the default instead and keeps the rest of the link.";
    page.warn("This link has an invalid value:", ...problems.map((p) => `${p}.`), rest);
  }
  if (site.results && named() === "results") {
    page.early = page.results(); // the server computes the results while the modules load
    page.early.catch(() => {}); // the view reports the error
  }
  section("page-privacy").textContent = site.runs ? KEPT : LOCAL;
  themeButton(page.settings);
  arrange(page.settings);
  addEventListener("hashchange", followHash);
  section("page-boot").remove();
  followHash();
  addEventListener("unhandledrejection", ({ reason }) => {
    page.warn(`Something went wrong (${reason?.message ?? reason}). Reload the page to try again.`);
  });
}

start().catch((error) => {
  const fix = "Reload the page, or start its server again.";
  section("page-boot").textContent = `The page could not be loaded: ${error.message}. ${fix}`;
});
