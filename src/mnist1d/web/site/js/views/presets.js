/** Named settings: buttons that change the data in one click. */

import { h } from "../dom.js";

export const PRESETS = {
  Default: {},
  "No noise": { corr_noise_scale: 0, iid_noise_scale: 0 },
  "No translation": { max_translation: 1 },
  Shuffled: { shuffle_seq: true },
  Hard: { scale_coeff: 0.8, corr_noise_scale: 0.5, iid_noise_scale: 0.1, shear_scale: 1.5 },
};

const isEqual = (a, b) =>
  Object.keys({ ...a, ...b }).every((name) => String(a[name]) === String(b[name]));

/** The row of buttons; the seed stays as it is. */
export function presetRow({ settings, say }) {
  const take = (name) => {
    settings.replaceConfig({ seed: settings.config.seed, ...PRESETS[name] });
    say(`Data: ${name}.`);
  };
  const buttons = Object.keys(PRESETS).map((name) =>
    h("button", { class: "button chip-button", type: "button", onclick: () => take(name) }, name),
  );
  settings.subscribe(({ changed }) => {
    const { seed, ...others } = changed;
    Object.values(PRESETS).forEach((values, i) =>
      buttons[i].setAttribute("aria-pressed", String(isEqual(others, values))),
    );
  });
  return h("div", { class: "row presets", role: "group", "aria-label": "Data" }, buttons);
}
