/**
 * A trained Seqwise model in JavaScript: the same raw input as in Python, the same prediction.
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import { load } from "./seqwise.js";
 *
 *     const forecaster = await load(tf);                // reads pipeline.json beside this file
 *     const next = await forecaster.predict(rows);      // [{month: "1961-01-01", passengers: 447.3}, …]
 *
 * `pipeline.json` holds what Python learned of the data: scaler, window, vocabulary, classes. `series.js` reads rows,
 * `tokens.js` texts.
 */

import { SeqwiseError } from "./errors.js";
import { Forecaster } from "./forecaster.js";
import { checkPipeline, folderUrl, loadNetwork, readJson } from "./loading.js";
import { Classifier, Regressor, Tagger } from "./sequences.js";
import { Translator } from "./translator.js";

const MODELS = { Forecaster, Classifier, Regressor, Tagger, Translator };

export { Classifier, Forecaster, Regressor, SeqwiseError, Tagger, Translator };

/**
 * Load an exported model.
 *
 * @param {object} tf  TensorFlow.js: the module, or the global `tf` of its script
 * @param {string | URL} [folder]  where pipeline.json lies; by default beside this file
 * @returns {Promise<Forecaster | Classifier | Regressor | Tagger | Translator>}
 */
export async function load(tf, folder = new URL("./", import.meta.url)) {
  const base = folderUrl(folder);
  const pipeline = await readJson(base, "pipeline.json");
  checkPipeline(pipeline, Object.keys(MODELS));
  const networks = {};
  for (const [name, path] of Object.entries(pipeline.networks)) {
    networks[name] = await loadNetwork(tf, base, path);
  }
  return new MODELS[pipeline.kind](tf, pipeline, networks);
}
