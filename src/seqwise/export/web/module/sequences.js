/** Classes, numbers and tags of sequences of numbers, of texts, or of lists of tokens. */

import { marginals, viterbi } from "./crf.js";
import { SeqwiseError } from "./errors.js";
import { BATCH, Model, chunks } from "./model.js";
import { Scaler } from "./scaling.js";
import { Speller, Tokenizer } from "./tokens.js";

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

function padTokens(chosen, sequences, timesteps) {
  const values = new Int32Array(chosen.length * timesteps); // 0 is padding
  chosen.forEach((i, k) => values.set(sequences[i], k * timesteps));
  return { tokens: { values, shape: [chosen.length, timesteps] } };
}

function argmax(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

function normalised(values) {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}
