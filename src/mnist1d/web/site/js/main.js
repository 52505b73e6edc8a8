/** The page: loads what the package knows, shows one view at a time by the address's hash, keeps the theme. */

import { h } from "./dom.js";
import { SettingsError } from "./model/config.js";
import { Scene } from "./model/scene.js";
import { Settings } from "./settings.js";
import { load, save } from "./storage.js";

const VIEWS = ["explore", "pipeline", "takeaway", "quiz", "results"];
const THEMES = ["auto", "light", "dark"];

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
  warn(text) {
    const box = h("div", { class: "warning", role: "alert" }, h("p", {}, text));
    box.append(h("button", { class: "button", type: "button", onclick: () => box.remove() }, "Dismiss"));
    section("page-warnings").append(box);
  },
  test() {
    this.testSet ??= read("data/test.bin", "arrayBuffer").then((buffer) => {
      const n = this.site.frozen.num_test;
      const points = (buffer.byteLength / n - 1) / 4;
      return { x: new Float32Array(buffer, 0, n * points), y: new Uint8Array(buffer, 4 * n * points) };
    });
    return this.testSet;
  },
};

async function show(name) {
  for (const view of VIEWS) {
    section(view).hidden = view !== name;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${section(name).querySelector("h2").textContent} – MNIST-1D`;
  mounted.get(current)?.hidden?.();
  current = name;
  try {
    if (!mounted.has(name)) {
      const view = await import(`./views/${name}.js`);
      if (!mounted.has(name)) mounted.set(name, (await view.mount(section(name), page)) ?? {});
    }
    if (current === name) mounted.get(name).shown?.();
  } catch (error) {
    console.error(error);
    page.warn(`This view could not be loaded (${error.message}). Reload the page to try again.`);
  }
}

function followHash() {
  const name = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0];
  if (name === current) return;
  const isFirst = current === null;
  show(name);
  if (!isFirst) {
    scrollTo(0, 0);
    section(name).querySelector("h2").focus({ preventScroll: true }); // where a screen reader goes on reading
  }
}

function themeButton() {
  const button = section("page-theme");
  let theme = THEMES.includes(load("theme")) ? load("theme") : "auto";
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    apply();
    save("theme", theme);
  });
  apply();
}

async function start() {
  themeButton();
  const [site, frozen] = await Promise.all([read("data/site.json", "json"), read("data/frozen.bin", "arrayBuffer")]);
  page.site = site;
  page.scene = new Scene(site, frozen);
  page.settings = new Settings(site.knobs);
  try {
    page.settings.readAddress();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    page.warn(`The address asks for settings that cannot be: ${error.message}. The defaults are shown instead.`);
  }
  addEventListener("hashchange", followHash);
  section("page-boot").remove();
  followHash();
}

start().catch((error) => {
  section("page-boot").textContent = `The page could not be loaded: ${error.message}. Reload it, or serve its folder again.`;
});
