// Steps of training in a browser, one way at a time; page_training.py serves this beside the page.

export async function ours(model, kernelsName, steps) {
  const { makeSet } = await import("./site/js/model/exact.js");
  const { Trainer } = await import("./site/js/engine/trainer.js");
  const kernels = (await import("./site/js/engine/kernels.js"))[kernelsName];
  const site = await (await fetch("./site/data/site.json")).json();
  const config = Object.fromEntries(site.knobs.map((knob) => [knob.name, knob.default]));
  const trainer = await Trainer.make(makeSet(site.templates, config), { model, kernels });
  const run = (n) => {
    for (let i = 0; i < n; i++) trainer.step();
  };
  run(30);
  const begin = performance.now();
  run(steps);
  return (performance.now() - begin) / steps;
}

// The same steps written for @jax-js/jax; arrays are used once each, `ref` for every further use.

const SHAPES = {
  mlp: [[40, 100], [100], [100, 100], [100], [100, 10], [10]],
  cnn: [[25, 1, 5], [25], [25, 25, 3], [25], [25, 25, 3], [25], [125, 10], [10]],
};

function models({ numpy: np, nn, lax }) {
  const dense = (x, w, b) => np.dot(x, w).add(b);
  const conv = (h, w, b) =>
    nn.relu(lax.convGeneralDilated(h, w, [2], [[1, 1]]).add(b.reshape([1, -1, 1])));
  return {
    mlp([w1, b1, w2, b2, w3, b3], x) {
      const h = nn.relu(dense(x, w1, b1));
      return dense(h.ref.add(nn.relu(dense(h, w2, b2))), w3, b3);
    },
    cnn([w1, b1, w2, b2, w3, b3, w4, b4], x) {
      const h = conv(conv(conv(x.reshape([-1, 1, 40]), w1, b1), w2, b2), w3, b3);
      return dense(h.reshape([-1, 125]), w4, b4);
    },
  };
}

export async function jaxJs(model, device, steps) {
  const jax = await import("./jax/index.js");
  const { numpy: np, nn } = jax;
  if (!(await jax.init()).includes(device)) return null;
  jax.defaultDevice(device);
  const random = (shape) => {
    const n = shape.reduce((a, b) => a * b, 1);
    return np.array(Float32Array.from({ length: n }, () => (Math.random() - 0.5) / 5)).reshape(shape);
  };
  const zeros = () => SHAPES[model].map((shape) => np.zeros(shape));
  let [params, mean, square, value] = [SHAPES[model].map(random), zeros(), zeros(), null];
  const labels = Int32Array.from({ length: 100 }, (_, i) => i % 10);
  const [x, y] = [random([100, 40]), np.array(labels, { dtype: np.int32 })];
  const apply = models(jax)[model];
  const loss = (p, x, y) => nn.oneHot(y, 10).mul(nn.logSoftmax(apply(p, x))).sum(-1).mean().mul(-1);
  const step = jax.jit((p, m, v, x, y, unbias1, unbias2) => {
    const [found, grads] = jax.valueAndGrad(loss)(jax.tree.ref(p), x, y);
    const newM = m.map((a, i) => a.mul(0.9).add(grads[i].ref.mul(0.1)));
    const newV = v.map((a, i) => a.mul(0.999).add(np.square(grads[i]).mul(0.001)));
    const rate = (i) => np.sqrt(newV[i].ref.mul(unbias2.ref)).add(1e-8);
    const next = p.map((a, i) => a.sub(newM[i].ref.mul(unbias1.ref).mul(0.01).div(rate(i))));
    unbias1.dispose();
    unbias2.dispose();
    return [next, newM, newV, found];
  });
  let done = 0;
  const run = async (n) => {
    for (let i = 0; i < n; i++) {
      done += 1;
      const unbias = [1 / (1 - 0.9 ** done), 1 / (1 - 0.999 ** done)].map((u) => np.array(u));
      value?.dispose();
      [params, mean, square, value] = step(params, mean, square, x.ref, y.ref, ...unbias);
    }
    await value.ref.data();
  };
  await run(30);
  const begin = performance.now();
  await run(steps);
  return (performance.now() - begin) / steps;
}
