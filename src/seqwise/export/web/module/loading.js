/** The exported files: read from one folder alone, and checked before they are used. */

import { Covariates, calendarWidth } from "./covariates.js";
import { SeqwiseError } from "./errors.js";

const FORMAT = "seqwise-pipeline";
const VERSION = 1;
const MOST_BYTES = 2 ** 31; // of the weights of a network
const MOST_STEPS = 2 ** 20; // of a window or a horizon

/** The address of a folder, with a slash at its end. */
export function folderUrl(folder) {
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

/** Read a file of JSON. */
export async function readJson(base, path) {
  const text = new TextDecoder().decode(await readFile(base, path));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SeqwiseError(`${path} is damaged (${error.message}). Export the model again.`);
  }
}

/** Load a layers model from `model.json` and its shards, all of the same folder. */
export async function loadNetwork(tf, base, path) {
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

/** Throw a SeqwiseError unless a pipeline is what Python writes, of one of these kinds of models. */
export function checkPipeline(pipeline, kinds) {
  const damaged = (what) => new SeqwiseError(`pipeline.json is damaged: ${what}. Export the model again.`);
  if (pipeline?.format !== FORMAT) throw damaged(`its format is not ${FORMAT}`);
  if (pipeline.version !== VERSION) {
    throw new SeqwiseError(`pipeline.json has version ${pipeline.version}; this module reads ${VERSION}.`);
  }
  if (!kinds.includes(pipeline.kind)) throw damaged(`there is no model of kind ${JSON.stringify(pipeline.kind)}`);
  const { kind, input, target, series, networks, search } = pipeline;
  const whole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
  const tokens = (t) => isObject(t) && isObject(t.settings) && names(t.tokens) && Array.isArray(t.merges);
  const needed = kind === "Translator" && !networks?.model ? ["encoder", "decoder_step"] : ["model"];
  if (!isObject(networks) || !needed.every((name) => Object.hasOwn(networks, name))) throw damaged("a network is missing");
  if (!isObject(input) || !isObject(target)) throw damaged("the input or the target is missing");
  if (kind === "Forecaster") {
    if (!whole(input.window, 1, MOST_STEPS) || !whole(target.horizon, 1, MOST_STEPS)) throw damaged("its sizes are none");
    checkSeries(pipeline, damaged);
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

function checkSeries({ input, target, series, intervals }, damaged) {
  if (!isObject(series) || !isObject(series.time_index)) throw damaged("the time index is missing");
  const { covariates, holidays, column, context } = series;
  const roles = ["past", "static", "future", "calendar"];
  const listed = (value) => Array.isArray(value) && value.every((name) => typeof name === "string");
  if (!isObject(covariates) || !roles.every((role) => listed(covariates[role])) || !isObject(covariates.categories)) {
    throw damaged("the columns beside the targets are missing");
  }
  if (!Object.values(covariates.categories).every(names)) throw damaged("a column of words has none");
  const days = (part) => isObject(holidays) && Object.hasOwn(holidays, part) && listed(holidays[part].days);
  if (!covariates.calendar.every((part) => calendarWidth(part) > 1 || days(part))) throw damaged("holidays are missing");
  if (!names(target.names)) throw damaged("it has no targets");
  const { width: all } = new Covariates(covariates);
  if (!names(input.columns) || target.names.length + all !== input.columns.length) {
    throw damaged("the columns are not those of the targets and beside them");
  }
  const scales = column === null ? scaler : panelScaler;
  if (!scales(input.scaler, input.columns)) throw damaged("the scaler does not fit the columns");
  const fits = ({ values }) => Array.isArray(values) && values.length > 0 && values.every((row) => row?.length === input.columns.length);
  if (!Array.isArray(context) || !context.length || !context.every(fits)) {
    throw damaged("the last rows of the training do not fit the columns");
  }
  const { distribution } = target;
  if (distribution && parametersOf(distribution) !== distribution.parameters) throw damaged("its distribution is none");
  const wide = (part) => part?.length === target.horizon && part.every((step) => step?.length === target.names.length);
  if (intervals) {
    const { levels, usual, states } = intervals;
    const known = ({ widths }) => widths?.length === levels.length && widths.every(wide);
    if (!Array.isArray(levels) || usual?.length !== 2 || !usual.every(wide) || !states?.length || !states.every(known)) {
      throw damaged("the intervals do not fit the forecast");
    }
  }
}

function parametersOf({ kind, shares }) {
  return { quantile: 1 + 2 * (shares?.length ?? 0), gaussian: 2, "student-t": 3, "negative-binomial": 2 }[kind];
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function names(value) {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
}

function scaler(s, columns) {
  const numbers = (v) => Array.isArray(v) && v.length === columns.length && v.every(Number.isFinite);
  return isObject(s) && names(s.columns) && s.columns.length === columns.length && Array.isArray(s.log) &&
    [s.offset, s.scale].every(numbers);
}

/** The scales of many series. */
function panelScaler(s, columns) {
  const rows = (v) => v?.length === s.names.length && v.every((row) => row?.length === columns.length);
  return isObject(s) && Array.isArray(s.names) && s.names.length > 0 && Array.isArray(s.shared) && [s.offset, s.scale].every(rows);
}
