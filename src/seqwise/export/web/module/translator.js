/** Translations. */

import { SeqwiseError } from "./errors.js";
import { Model, chunks } from "./model.js";
import { beamSearch } from "./search.js";
import { Tokenizer, END, PADDING, START, UNKNOWN } from "./tokens.js";

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
