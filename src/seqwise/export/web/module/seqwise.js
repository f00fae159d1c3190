/**
 * A trained Seqwise model in JavaScript: the same raw input as in Python, the same answer.
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import { load } from "./seqwise.js";
 *
 *     const forecaster = await load(tf);                // reads pipeline.json beside this file
 *     const next = await forecaster.predict(rows);      // [{month: "1961-01-01", passengers: 447.3}, …]
 *
 * `pipeline.json` holds what Python learned of the data (scaler, window, vocabulary, classes); `series.js` reads rows,
 * `tokens.js` texts, `crf.js` the tags of a CRF, and `search.js` translates.
 */

import { Scaler, Series, TimeIndex, readSeries } from "./series.js";
import { marginals, viterbi } from "./crf.js";
import { Speller, Tokenizer, END, PADDING, START, UNKNOWN } from "./tokens.js";
import { beamSearch } from "./search.js";
import { SeqwiseError } from "./errors.js";

const FORMAT = "seqwise-pipeline";
const VERSION = 1;
const BATCH = 64; // sequences that run at once
const MOST_BYTES = 2 ** 31; // of the weights of a network
const MOST_STEPS = 2 ** 20; // of a window or a horizon

export { SeqwiseError };

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
  checkPipeline(pipeline);
  const networks = {};
  for (const [name, path] of Object.entries(pipeline.networks)) {
    networks[name] = await loadNetwork(tf, base, path);
  }
  return new MODELS[pipeline.kind](tf, pipeline, networks);
}

/** What all models share: the pipeline, and running a network. */
class Model {
  constructor(tf, pipeline, networks) {
    this.tf = tf;
    this.pipeline = pipeline;
    this.networks = networks;
  }

  /**
   * Run a network on a batch.
   *
   * @param {object} network  a tf.LayersModel
   * @param {Object<string, {values: ArrayLike<number>, shape: number[]}>} inputs  by the names of the network's inputs
   * @returns {Promise<{values: Float32Array, shape: number[]}[]>} its outputs, in their order
   */
  async run(network, inputs) {
    const { tf } = this;
    const outputs = tf.tidy(() => {
      const tensors = network.inputs.map((input, i) => {
        const { values, shape } = inputs[network.inputNames[i]];
        return tf.tensor(values, shape, input.dtype);
      });
      return [network.predictOnBatch(tensors.length > 1 ? tensors : tensors[0])].flat();
    });
    const read = await Promise.all(outputs.map(async (t) => ({ values: await t.data(), shape: t.shape })));
    tf.dispose(outputs);
    return read;
  }

  /** Free the memory of the networks. */
  dispose() {
    for (const network of Object.values(this.networks)) network.dispose();
  }
}

/** Forecasts the rows after the end of a series. */
export class Forecaster extends Model {
  constructor(tf, pipeline, networks) {
    super(tf, pipeline, networks);
    const { input, target } = pipeline;
    this.window = input.window;
    this.horizon = target.horizon;
    this.columns = input.columns;
    this.targets = target.names;
    this.time = pipeline.series.time;
    this.scaler = new Scaler(input.scaler);
  }

  /** The rows that the model was trained on last, from which `predict()` forecasts: a Series. */
  get context() {
    const { time_index, rows, context, gaps } = this.pipeline.series;
    const index = new TimeIndex(time_index);
    const start = index.at(rows - context.values.length);
    return new Series(context.values, context.observed, index.startingAt(start), gaps, []);
  }

  /**
   * Read rows as a regular series: sorted, without duplicates, its gaps filled by the rule of the training.
   *
   * @param {object[] | number[][] | number[]} rows  objects by column; or arrays of the columns' values, in their
   *   order, without times; or the values of the only column
   */
  read(rows) {
    return readSeries(rows, this.pipeline.series, this.columns, this.targets.length);
  }

  /**
   * Forecast the rows after the end of a series.
   *
   * @param {Series | object[] | number[][] | number[]} [rows]  as for `read`; left out: the training data
   * @returns {Promise<object[]>} one object a row: its time (`step` where rows are only numbered), then each target
   */
  async predict(rows) {
    const series = rows === undefined ? this.context : rows instanceof Series ? rows : this.read(rows);
    const { window, targets } = this;
    const n = series.values.length;
    if (n < window) {
      throw new SeqwiseError(
        `There are ${n} usable rows, but the model reads ${window} (its window): bring ${window - n} more.`,
      );
    }
    const scaled = this.scaler.transform(series.values).slice(-window).flat();
    const visible = series.visible().slice(-window).map(Number);
    const [{ values }] = await this.run(this.networks.model, {
      window: { values: Float32Array.from(scaled), shape: [1, window, this.columns.length] },
      visible: { values: visible, shape: [1, window] },
    });
    const last = values.slice(-this.horizon * targets.length); // of a forecast at every step: the last step's
    const names = this.time === null ? "step" : typeof this.time === "string" ? this.time : "time";
    const times = series.index.range(n, this.horizon);
    return chunks(last, targets.length).map((row, i) => ({
      [names]: times[i],
      ...Object.fromEntries(this.scaler.inverse(row).map((value, j) => [targets[j], value])),
    }));
  }
}

/** What reads sequences of numbers, texts or lists of tokens. */
class SequenceModel extends Model {
  constructor(tf, pipeline, networks) {
    super(tf, pipeline, networks);
    const { input } = pipeline;
    if (input.kind === "numbers") {
      this.columns = input.columns;
      this.scaler = new Scaler(input.scaler);
    } else {
      this.tokenizer = new Tokenizer(input.tokenizer);
      this.speller = input.kind === "spelled" ? new Speller(input.spelling) : null;
    }
  }

  /**
   * Return the network's output for each sequence.
   *
   * @returns {Promise<{values: Float32Array, width: number, steps: number}[]>} of each sequence its part of the output,
   *   the size of the last axis, and its own number of timesteps
   */
  async outputs(sequences) {
    if (!Array.isArray(sequences)) {
      throw new SeqwiseError("Pass a list of sequences, or of texts; for a single one a list of one: [sequence].");
    }
    const encoded = this.tokenizer ? this.tokenizer.encode(sequences) : sequences.map((s, i) => this.#rows(s, i));
    const steps = encoded.map((sequence) => sequence.length);
    const results = new Array(encoded.length);
    // sequences of similar length run together, padded to a power of two, as in Python
    const padded = steps.map((n) => 2 ** Math.ceil(Math.log2(n)));
    for (const timesteps of new Set(padded)) {
      const members = [...padded.keys()].filter((i) => padded[i] === timesteps);
      for (const chosen of chunks(members, BATCH)) {
        const [{ values, shape }] = await this.run(
          this.networks.model,
          this.tokenizer
            ? { ...padTokens(chosen, encoded, timesteps), ...this.speller?.pad(chosen, sequences, timesteps) }
            : this.#padRows(chosen, encoded, timesteps),
        );
        const size = values.length / chosen.length;
        chosen.forEach((i, k) => {
          results[i] = { values: values.slice(k * size, (k + 1) * size), width: shape.at(-1), steps: steps[i] };
        });
      }
    }
    return results;
  }

  #rows(sequence, i) {
    const rows = Array.from(sequence, (row) => {
      if (typeof row === "number") return [row];
      return Array.isArray(row) || ArrayBuffer.isView(row) ? Array.from(row) : this.columns.map((name) => row[name]);
    });
    if (!rows.length) throw new SeqwiseError(`Sequence ${i} is empty. Leave it out.`);
    rows.forEach((row, t) => {
      if (row.length !== this.columns.length) {
        throw new SeqwiseError(
          `Sequence ${i} has ${row.length} feature(s) at step ${t}, but the model was trained on ` +
            `${this.columns.length}: ${this.columns.join(", ")}.`,
        );
      }
      const j = row.findIndex((value) => !Number.isFinite(value));
      if (j >= 0) throw new SeqwiseError(`Sequence ${i}, step ${t}, feature ${this.columns[j]}: ${row[j]} is not a number.`);
    });
    return this.scaler.transform(rows);
  }

  #padRows(chosen, sequences, timesteps) {
    const features = this.columns.length;
    const values = new Float32Array(chosen.length * timesteps * features);
    const mask = new Uint8Array(chosen.length * timesteps);
    chosen.forEach((i, k) => {
      values.set(sequences[i].flat(), k * timesteps * features);
      mask.fill(1, k * timesteps, k * timesteps + sequences[i].length);
    });
    return {
      values: { values, shape: [chosen.length, timesteps, features] },
      mask: { values: mask, shape: [chosen.length, timesteps] },
    };
  }
}

/** Says which class a sequence or text belongs to, or which labels it has. */
export class Classifier extends SequenceModel {
  get classes() {
    return this.pipeline.target.values;
  }

  /**
   * Return the probability of each class, in the order of `classes`.
   *
   * @param {Array} sequences  each an array of rows (arrays of numbers; or numbers, where there is one feature), or texts
   * @returns {Promise<number[][]>} shape (samples, classes)
   */
  async predictProba(sequences) {
    const several = this.pipeline.target.form !== "single";
    return (await this.outputs(sequences)).map(({ values }) => {
      const probabilities = Array.from(values);
      if (several) return probabilities;
      return probabilities.length === 1 ? [1 - probabilities[0], probabilities[0]] : normalised(probabilities);
    });
  }

  /**
   * Return the most probable class of each sequence; of several labels those of a probability above a half, as a list
   * or as zeros and ones, in the form of the training.
   */
  async predict(sequences) {
    const { form } = this.pipeline.target;
    return (await this.predictProba(sequences)).map((probabilities) => {
      if (form === "single") return this.classes[argmax(probabilities)];
      if (form === "indicator") return probabilities.map((p) => Number(p > 0.5));
      return this.classes.filter((_, c) => probabilities[c] > 0.5);
    });
  }
}

/** Predicts numbers of a sequence or text. */
export class Regressor extends SequenceModel {
  get targets() {
    return this.pipeline.target.names;
  }

  /** Return the number of each sequence, or the array of its numbers, as the training had them. */
  async predict(sequences) {
    const scaler = new Scaler(this.pipeline.target.scaler);
    const { flat } = this.pipeline.target;
    return (await this.outputs(sequences)).map(({ values }) => {
      const numbers = scaler.inverse(values);
      return flat ? numbers[0] : numbers;
    });
  }
}

/** Says for each step of a sequence, or for each token of a list, which tag it has. */
export class Tagger extends SequenceModel {
  get classes() {
    return this.pipeline.target.values;
  }

  /** Return the probability of each tag: of each sequence an array of shape (timesteps, tags). */
  async predictProba(sequences) {
    const { transitions } = this.pipeline.target;
    const ofSteps = await this.#ofSteps(sequences);
    return transitions ? ofSteps.map((steps) => marginals(steps, transitions)) : ofSteps;
  }

  /** Return the most probable tag of each step, with a CRF the most probable tags together: of each sequence an array. */
  async predict(sequences) {
    const { transitions } = this.pipeline.target;
    return (await this.#ofSteps(sequences)).map((steps) => {
      const tags = transitions ? viterbi(steps, transitions) : steps.map(argmax);
      return tags.map((tag) => this.classes[tag]);
    });
  }

  /** The network's probabilities, of each step by itself. */
  async #ofSteps(sequences) {
    return (await this.outputs(sequences)).map(({ values, width, steps }) =>
      chunks(values.slice(0, steps * width), width).map((row) => normalised(Array.from(row))),
    );
  }
}

/** Translates texts: encodes the source once, then searches step by step. */
export class Translator extends Model {
  constructor(tf, pipeline, networks) {
    super(tf, pipeline, networks);
    this.source = new Tokenizer(pipeline.input.source);
    this.target = new Tokenizer(pipeline.input.target);
  }

  /**
   * Translate texts.
   *
   * @param {string[]} texts  an empty text has an empty translation
   * @param {{beam?: number}} [options]  hypotheses that are followed at once; 1 is greedy
   * @returns {Promise<string[]>} the translations, in the same order
   */
  async predict(texts, { beam = this.pipeline.search.beam } = {}) {
    if (!Number.isInteger(beam) || beam < 1) {
      throw new SeqwiseError(`beam=${beam}: expected a number of hypotheses, at least 1 (greedy).`);
    }
    if (!Array.isArray(texts)) throw new SeqwiseError("Pass a list of texts; for a single text a list of one: [text].");
    const { length_penalty: lengthPenalty, longest } = this.pipeline.search;
    const translations = [];
    for (const text of texts) {
      if (!/\P{White_Space}/u.test(text)) {
        translations.push("");
        continue;
      }
      const [ids] = this.source.encode([text]);
      // of a source longer than all of training the translation may be longer in proportion
      const limit = Math.ceil(longest[1] * Math.max(ids.length / longest[0], 1));
      const { step, states } = await this.#prepare(ids, limit);
      const tokens = await beamSearch(step, states, { limit, beam, lengthPenalty, PADDING, UNKNOWN, START, END });
      translations.push(this.target.decode(tokens));
    }
    return translations;
  }

  #prepare(ids, limit) {
    const timesteps = Math.max(4, 2 ** Math.ceil(Math.log2(ids.length))); // as in Python
    const source = Array.from({ length: timesteps }, (_, t) => ids[t] ?? PADDING);
    return this.networks.decoder_step ? this.#stepwise(source) : this.#whole(source, limit);
  }

  /** The decoder as `beamSearch` takes it; a state is a list of arrays, one for each input of the step network. */
  async #stepwise(source) {
    const { encoder, decoder_step: step } = this.networks;
    const [names, count] = [step.inputNames, step.outputs.length - 1]; // token, states, then keys, values and mask
    const encoded = await this.run(encoder, { source: { values: source, shape: [1, source.length] } });
    const memory = encoded.slice(count).map(({ values, shape }) => ({ values, shape: shape.slice(1) }));
    if (memory.length) memory.push({ values: source.map((id) => Number(id !== PADDING)), shape: [source.length] });
    const repeated = new Map(); // by the number of rows: the memory is the same for each hypothesis
    const next = async (last, states) => {
      const rows = last.length;
      if (!repeated.has(rows)) repeated.set(rows, memory.map((part) => repeat(part, rows)));
      const inputs = { [names[0]]: { values: last, shape: [rows, 1] } };
      for (let k = 0; k < count; k++) {
        const parts = states.map((state) => state[k]);
        inputs[names[1 + k]] = { values: joined(parts), shape: [rows, parts[0].length] };
      }
      repeated.get(rows).forEach((part, k) => (inputs[names[1 + count + k]] = part));
      const [logits, ...after] = await this.run(step, inputs);
      const size = logits.values.length / rows;
      return {
        logits: chunks(logits.values, size),
        states: last.map((_, r) => after.map(({ values, shape }) => values.slice(r * shape[1], (r + 1) * shape[1]))),
      };
    };
    return { step: next, states: encoded.slice(0, count).map(({ values }) => values) };
  }

  /** A network of one's own reads the translation so far anew at each step; a state is what is written. */
  async #whole(source, limit) {
    const steps = 2 ** Math.ceil(Math.log2(limit));
    const { model } = this.networks;
    const [sourceName, writtenName] = model.inputNames;
    const next = async (last, states) => {
      const written = states.map((state, r) => [...state, last[r]]);
      const rows = last.length;
      const position = written[0].length - 1;
      const flat = written.flatMap((row) => Array.from({ length: steps }, (_, t) => row[t] ?? PADDING));
      const [{ values, shape }] = await this.run(model, {
        [sourceName]: repeat({ values: source, shape: [source.length] }, rows),
        [writtenName]: { values: flat, shape: [rows, steps] },
      });
      const vocabulary = shape.at(-1);
      const at = (r) => (r * steps + position) * vocabulary;
      return { logits: written.map((_, r) => values.slice(at(r), at(r) + vocabulary)), states: written };
    };
    return { step: next, states: [] };
  }
}

const MODELS = { Forecaster, Classifier, Regressor, Tagger, Translator };

// reading the exported files

function folderUrl(folder) {
  const here = typeof location === "undefined" ? import.meta.url : location.href;
  const url = new URL(folder, here);
  return url.pathname.endsWith("/") ? url : new URL(`${url.pathname}/`, url);
}

/** Read a file of the export; a name never leads out of its folder. */
async function readFile(base, path) {
  if (typeof path !== "string" || !/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(path)) {
    throw new SeqwiseError(`${JSON.stringify(path)} is not a file of an export: names may not lead out of its folder.`);
  }
  const url = new URL(path, base);
  if (url.protocol === "file:") {
    const { readFile: read } = await import("node:fs/promises");
    const bytes = await read(url);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  const response = await fetch(url);
  if (!response.ok) throw new SeqwiseError(`${url} cannot be read: ${response.status} ${response.statusText}.`);
  return response.arrayBuffer();
}

async function readJson(base, path) {
  const text = new TextDecoder().decode(await readFile(base, path));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SeqwiseError(`${path} is damaged (${error.message}). Export the model again.`);
  }
}

/** Load a layers model from `model.json` and its shards, all of the same folder. */
async function loadNetwork(tf, base, path) {
  const { modelTopology, weightsManifest, format } = await readJson(base, path);
  if (!modelTopology || !Array.isArray(weightsManifest)) {
    throw new SeqwiseError(`${path} is not a TensorFlow.js layers model. Export the model again.`);
  }
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const expected = weightSpecs.reduce((sum, spec) => sum + bytesOf(spec), 0);
  if (!(expected <= MOST_BYTES)) throw new SeqwiseError(`${path} names ${expected} bytes of weights: too many.`);
  const shards = [];
  for (const name of weightsManifest.flatMap((group) => group.paths)) shards.push(await readFile(base, folder + name));
  const weightData = new Uint8Array(shards.reduce((sum, shard) => sum + shard.byteLength, 0));
  if (weightData.length !== expected) {
    throw new SeqwiseError(`${path} names ${expected} bytes of weights, but its shards hold ${weightData.length}.`);
  }
  let offset = 0;
  for (const shard of shards) {
    weightData.set(new Uint8Array(shard), offset);
    offset += shard.byteLength;
  }
  return tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weightData.buffer, format }),
  );
}

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

function bytesOf({ shape, dtype, quantization }) {
  const size = BYTES[quantization?.dtype ?? dtype];
  const whole = Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0);
  if (!size || !whole) throw new SeqwiseError(`A weight has dtype ${dtype} and shape ${shape}: model.json is damaged.`);
  return shape.reduce((product, n) => product * n, size);
}

// checking pipeline.json

function checkPipeline(pipeline) {
  const damaged = (what) => new SeqwiseError(`pipeline.json is damaged: ${what}. Export the model again.`);
  if (pipeline?.format !== FORMAT) throw damaged(`its format is not ${FORMAT}`);
  if (pipeline.version !== VERSION) {
    throw new SeqwiseError(`pipeline.json has version ${pipeline.version}; this module reads ${VERSION}.`);
  }
  if (!Object.hasOwn(MODELS, pipeline.kind)) throw damaged(`there is no model of kind ${JSON.stringify(pipeline.kind)}`);
  const { kind, input, target, series, networks, search } = pipeline;
  const whole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const names = (value) => Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
  const scaler = (s, columns) =>
    isObject(s) && names(s.columns) && s.columns.length === columns.length && Array.isArray(s.log) &&
    [s.offset, s.scale].every((v) => Array.isArray(v) && v.length === columns.length && v.every(Number.isFinite));
  const tokens = (t) => isObject(t) && isObject(t.settings) && names(t.tokens) && Array.isArray(t.merges);
  const needed = kind === "Translator" && !networks?.model ? ["encoder", "decoder_step"] : ["model"];
  if (!isObject(networks) || !needed.every((name) => Object.hasOwn(networks, name))) throw damaged("a network is missing");
  if (!isObject(input) || !isObject(target)) throw damaged("the input or the target is missing");
  if (kind === "Forecaster") {
    if (!names(input.columns) || !scaler(input.scaler, input.columns)) throw damaged("the scaler does not fit the columns");
    if (!whole(input.window, 1, MOST_STEPS) || !whole(target.horizon, 1, MOST_STEPS)) throw damaged("its sizes are none");
    if (!names(target.names) || target.names.length > input.columns.length) throw damaged("it has no targets");
    if (!isObject(series) || !isObject(series.time_index)) throw damaged("the time index is missing");
    return;
  }
  if (kind === "Translator") {
    if (!tokens(input.source) || !tokens(input.target)) throw damaged("a vocabulary is missing");
    const fits = isObject(search) && whole(search.beam, 1, 2 ** 16) && Array.isArray(search.longest);
    if (!fits || !search.longest.every((n) => whole(n, 1, MOST_STEPS))) throw damaged("the search's limits are none");
    return;
  }
  const readable = input.kind === "numbers" ? names(input.columns) && scaler(input.scaler, input.columns) : tokens(input.tokenizer);
  if (input.kind === "spelled" && !tokens(input.spelling)) throw damaged("the vocabulary of spellings is missing");
  if (!readable) throw damaged("the input's scaler or vocabulary is missing");
  if (kind === "Regressor" ? !names(target.names) || !scaler(target.scaler, target.names) : !Array.isArray(target.values)) {
    throw damaged("the targets are missing");
  }
  if (kind === "Tagger" && target.transitions) {
    const fits = (row) => Array.isArray(row) && row.length === target.values.length && row.every(Number.isFinite);
    const { start, between } = target.transitions;
    if (!fits(start) || !Array.isArray(between) || between.length !== start.length || !between.every(fits)) {
      throw damaged("the transitions do not fit the tags");
    }
  }
}

// small arrays

function padTokens(chosen, sequences, timesteps) {
  const values = new Int32Array(chosen.length * timesteps); // 0 is padding
  chosen.forEach((i, k) => values.set(sequences[i], k * timesteps));
  return { tokens: { values, shape: [chosen.length, timesteps] } };
}

function chunks(array, size) {
  return Array.from({ length: Math.ceil(array.length / size) }, (_, k) => array.slice(k * size, (k + 1) * size));
}

function argmax(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

function normalised(values) {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}

function joined(arrays) {
  const all = new Float32Array(arrays.length * arrays[0].length);
  arrays.forEach((array, r) => all.set(array, r * array.length));
  return all;
}

function repeat({ values, shape }, rows) {
  const all = new Float32Array(rows * values.length);
  for (let r = 0; r < rows; r++) all.set(values, r * values.length);
  return { values: all, shape: [rows, ...shape] };
}
