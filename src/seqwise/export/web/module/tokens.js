/** Texts as token ids and back, as Python's tokenizer splits them: words, sub-words (byte-pair encoding) or tokens. */

import { SeqwiseError } from "./errors.js";
import { PUNCTUATION } from "./punctuation.js";

export const PADDING = 0;
export const UNKNOWN = 1;
export const START = 2;
export const END = 3;

const KINDS = ["words", "bpe", "tokens"];
const SPACE = "▁"; // what sub-words keep of white space
const QUOTE = '"'; // opens and closes alike: every second one closes

/**
 * Turns texts into token ids, and back.
 *
 * Id 0 is padding, 1 an unknown word; with `ends`, 2 and 3 are the start and the end of a text.
 */
export class Tokenizer {
  /** @param {{settings: object, tokens: string[], merges: string[][], spacing: object}} saved  of pipeline.json */
  constructor({ settings, tokens, merges, spacing }) {
    const { kind, lowercase, max_length: maxLength, truncate, ends } = settings;
    if (!KINDS.includes(kind)) throw new SeqwiseError(`pipeline.json is damaged: tokens of kind ${kind}.`);
    Object.assign(this, { kind, lowercase, maxLength, truncate, ends, tokens, spacing });
    this.ids = new Map(tokens.map((token, id) => [token, id]));
    this.ranks = new Map(merges.map(([left, right], rank) => [pairOf(left, right), rank]));
    this.cache = new Map();
  }

  /**
   * Return the ids of each text's tokens.
   *
   * @param {string[] | string[][]} texts  of kind "tokens": lists of tokens
   * @returns {number[][]} at least one id for each text
   */
  encode(texts) {
    return texts.map((text, i) => {
      let ids = this.kind === "tokens" ? this.#encodeTokens(text, i) : this.#encodeText(text, i);
      const most = this.maxLength === null ? Infinity : this.maxLength - 2 * this.ends;
      if (ids.length > most) ids = this.truncate === "right" ? ids.slice(0, most) : ids.slice(ids.length - most);
      if (this.ends) return [START, ...ids, END];
      return ids.length ? ids : [UNKNOWN];
    });
  }

  /** Return the text of ids, up to the end token. */
  decode(ids) {
    const end = this.ends ? ids.indexOf(END) : -1;
    const kept = (end < 0 ? ids : ids.slice(0, end)).filter((id) => id !== PADDING && !(this.ends && id === START));
    const words = kept.map((id) => this.tokens[id]);
    return this.kind === "bpe" ? trimmed(words.join("").replaceAll(SPACE, " ")) : joinWords(words, this.spacing);
  }

  #encodeText(text, i) {
    if (typeof text !== "string") throw new SeqwiseError(`Text ${i} is not a text: ${JSON.stringify(text)}.`);
    const normal = this.#normalised(text);
    if (this.kind === "words") return splitWords(normal).map((word) => this.ids.get(word) ?? UNKNOWN);
    return splitSubwords(normal).flatMap((word) => this.#merge(word));
  }

  #encodeTokens(tokens, i) {
    if (!Array.isArray(tokens) || !tokens.length) throw new SeqwiseError(`Text ${i} is not a list of tokens: ["a", "cat"].`);
    const special = this.ends ? 4 : 2; // a token may be spelled like a special one
    return tokens.map((token, j) => {
      if (typeof token !== "string" || !trimmed(token)) throw new SeqwiseError(`Text ${i}, token ${j} is empty or no text.`);
      const id = this.ids.get(this.#normalised(token)) ?? UNKNOWN;
      return id < special ? UNKNOWN : id;
    });
  }

  #normalised(text) {
    const composed = text.normalize("NFC");
    // each character on its own: no rule for the end of a word, as Greek has one
    return this.lowercase ? Array.from(composed, (character) => character.toLowerCase()).join("") : composed;
  }

  /** Byte-pair encoding: join the pair that was learned first, until none is left. */
  #merge(word) {
    const known = this.cache.get(word);
    if (known) return known;
    const parts = Array.from(word, (character) => (this.ids.has(character) ? character : null)); // null: unknown
    for (;;) {
      let [best, at] = [Infinity, -1];
      for (let k = 0; k + 1 < parts.length; k++) {
        if (parts[k] === null || parts[k + 1] === null) continue;
        const rank = this.ranks.get(pairOf(parts[k], parts[k + 1])) ?? Infinity;
        if (rank < best) [best, at] = [rank, k];
      }
      if (at < 0) break;
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    const ids = parts.map((part) => this.ids.get(part) ?? UNKNOWN);
    if (this.cache.size < 10_000) this.cache.set(word, ids);
    return ids;
  }
}

const [FIRST, LAST, LONGEST_RUN] = [3, 4, 2]; // as in Python's spelling.py
const PARTS = FIRST + LAST + 1;

/** Turns tokens into the ids of the parts of their spelling: first and last letters, and the shape. */
export class Speller {
  /** @param {object} saved  the vocabulary of the parts, of pipeline.json */
  constructor(saved) {
    this.tokenizer = new Tokenizer(saved);
  }

  /** Return the network's input of some lists of tokens, padded: (samples, timesteps, parts). */
  pad(chosen, lists, timesteps) {
    const values = new Int32Array(chosen.length * timesteps * PARTS);
    chosen.forEach((i, k) => {
      values.set(this.tokenizer.encode(lists[i].map(partsOf)).flat(), k * timesteps * PARTS);
    });
    return { spelling: { values, shape: [chosen.length, timesteps, PARTS] } };
  }
}

function partsOf(token) {
  const composed = Array.from(token.normalize("NFC"));
  const letters = composed.flatMap((character) => Array.from(character.toLowerCase()));
  const parts = [];
  for (let n = 1; n <= FIRST; n++) parts.push(`${n}<${letters.slice(0, n).join("")}`);
  for (let n = 1; n <= LAST; n++) parts.push(`${n}>${letters.slice(-n).join("")}`);
  const kinds = composed.map(kindOf);
  const shape = kinds.filter((kind, i) => i < LONGEST_RUN || kinds.slice(i - LONGEST_RUN, i).some((k) => k !== kind));
  return [...parts, `=${shape.join("")}`];
}

function kindOf(character) {
  if (character >= "0" && character <= "9" && character.length === 1) return "d";
  if (character.toLowerCase() !== character) return "X";
  return character.toUpperCase() !== character ? "x" : character;
}

const WHITE = /\p{White_Space}+/u;

/** Split at white space and around each punctuation mark. */
function splitWords(text) {
  return text.split(WHITE).filter(Boolean).flatMap(splitMarks);
}

/** Split before each space, which the word keeps as ▁, and around each punctuation mark. */
function splitSubwords(text) {
  const spaced = trimmed(text.replace(/\p{White_Space}+/gu, " ")).replaceAll(" ", SPACE);
  if (!spaced) return [];
  const whole = spaced.startsWith(SPACE) ? spaced : SPACE + spaced;
  return (whole.match(/▁[^▁]*/gu) ?? []).flatMap(splitMarks);
}

function splitMarks(word) {
  const parts = [];
  let run = "";
  for (const character of word) {
    if (PUNCTUATION.test(character)) {
      if (run) parts.push(run);
      parts.push(character);
      run = "";
    } else run += character;
  }
  return run ? [...parts, run] : parts;
}

function trimmed(text) {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

function pairOf(left, right) {
  return `${left}\n${right}`; // no token holds a line break
}

/** Join words by spaces, except where a mark clings to the word before or after it. */
function joinWords(words, spacing) {
  let [text, clings, quoted] = ["", true, false];
  for (const word of words) {
    let [before, after] = Object.hasOwn(spacing, word) ? spacing[word] : [false, false];
    if (word === QUOTE) [before, after, quoted] = [quoted, !quoted, !quoted];
    text += clings || before ? word : ` ${word}`;
    clings = after;
  }
  return text;
}
