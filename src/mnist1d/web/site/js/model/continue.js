/** Python code that continues from the page's state. */

import { toArguments } from "./takeaway.js";

/** Code that trains the same models on the same signals from the same weights. */
export function trainingCode(knobs, config, { models, steps, seed }) {
  const own = [toArguments(knobs, config), 'dtype="float32"'].filter(Boolean).join(", ");
  const names = models.map((name) => `"${name}"`).join(", ");
  return [
    "import jax",
    "import mnist1d",
    "from mnist1d.learning import Settings, Split, make_fit, resolve",
    "",
    `data = mnist1d.make_dataset(${own})`,
    "results = {}",
    `for name in [${names}]:`,
    `    model = resolve(name).make(num_inputs=${config.final_seq_length})`,
    `    fit = make_fit(model, Settings(num_steps=${steps}))`,
    `    results[name] = jax.jit(fit)(jax.random.key(${seed}), Split.of(data))`,
    "    print(f\"{name}: {results[name].curves['test_acc'][-1]:.1%}\")",
    "",
  ].join("\n");
}
