// Predicts raw inputs with an exported folder, on the @tensorflow/tfjs that Node finds. The module is Seqwise's own, of
// which an export holds a copy: code from a folder is not run.
import { pathToFileURL } from "node:url";

import { Forecaster, Translator, load } from "./module/seqwise.js";

/** For each {folder, inputs} the outputs by the method's name, a prediction for each input. */
export async function run(tf, jobs) {
  const outputs = [];
  for (const job of jobs) outputs.push(await predict(tf, job));
  return { outputs, version: tf.version_core };
}

async function predict(tf, { folder, inputs }) {
  const base = pathToFileURL(`${folder}/`);
  const model = await load(tf, base);
  const outputs = {};
  if (model instanceof Forecaster) {
    outputs.predict = [];
    for (const { rows, future, level } of inputs) {
      outputs.predict.push(await model.predict(rows ?? undefined, { future: future ?? undefined, level: level ?? [] }));
    }
  } else if (model instanceof Translator) {
    outputs.predict = await model.predict(inputs);
    outputs.greedy = await model.predict(inputs, { beam: 1 });
  } else {
    outputs.predict = await model.predict(inputs);
    if (model.predictProba) outputs.predictProba = await model.predictProba(inputs);
  }
  model.dispose();
  return outputs;
}
