/** What is shown: the data set's config and how it is looked at. Views subscribe; the address keeps the changed knobs. */

import { changed, checkConfig, fromQuery, toQuery } from "./model/config.js";

export class Settings {
  constructor(knobs) {
    this.knobs = knobs;
    this.config = checkConfig(knobs, {});
    this.show = "one"; // "one" of each digit, "all" samples, or a digit "0" .. "9"
    this.sample = 0;
    this.isRaw = false;
    this.listeners = new Set();
  }

  /** Take the config from the address; SettingsError where it says something impossible, and the defaults stay. */
  readAddress() {
    this.config = fromQuery(this.knobs, location.search);
  }

  /** Change some knobs; SettingsError where they cannot be, and nothing changes. */
  setKnobs(values) {
    this.replaceConfig({ ...this.config, ...values });
  }

  replaceConfig(values) {
    this.update({ config: checkConfig(this.knobs, values) });
  }

  update(values) {
    Object.assign(this, values);
    for (const listener of this.listeners) listener(this);
    clearTimeout(this.timer); // browsers limit how often an address may change
    this.timer = setTimeout(() => this.writeAddress(), 250);
  }

  writeAddress() {
    const query = toQuery(this.knobs, this.config);
    history.replaceState(history.state, "", `${location.pathname}${query && `?${query}`}${location.hash}`);
  }

  /** Call the listener now and after every change. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this);
  }

  get changed() {
    return changed(this.knobs, this.config);
  }
}
