// Runs the page's generator on draws that the Python package wrote: JSON in, JSON out (see test_generator.py).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [model, input] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${model}/${name}.js`));
const { Pipeline } = await load("signals");
const { expectedMoments } = await load("moments");
const { frozenLatents, realise, seededLatents } = await load("draws");
const { templates, cases, frozen, config } = JSON.parse(readFileSync(input));

const plain = (stage) => ({ name: stage.name, x: Array.from(stage.x) });
const results = cases.map(({ config, draws }) => {
  const pipeline = new Pipeline(templates, config);
  return {
    stages: draws.map((draw) => pipeline.stages(draw).map(plain)),
    applied: draws.map((draw) => Array.from(pipeline.apply(draw))),
    time: Array.from(pipeline.time()),
    moments: expectedMoments(templates, config),
  };
});

const bytes = Uint8Array.from(Buffer.from(frozen.draws, "base64"));
const pipeline = new Pipeline(templates, config);
const shown = frozenLatents(bytes.buffer, frozen).flat().map((latent) => Array.from(pipeline.apply(realise(latent, config))));

// the page's own stream: enough of it for its moments
const normals = [];
const uniforms = [];
for (let seed = 0; seed < 20; seed++) {
  for (const latent of seededLatents(seed).flat()) {
    const draw = realise(latent, config);
    normals.push(...draw.corrNoise, ...draw.iidNoise);
    uniforms.push([latent.padding, latent.factor, latent.shift, latent.slope]);
  }
}
process.stdout.write(JSON.stringify({ results, shown, normals, uniforms }));
