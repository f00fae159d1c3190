/** How sure a forecast is: by a distribution that the network gives, or by the errors that it made so far. */

import { SeqwiseError } from "./errors.js";
import { negativeBinomialQuantile, normalQuantile, studentQuantile } from "./quantiles.js";

/** A distribution in place of a number: what the network's numbers for a step of a target mean. */
export class Distribution {
  constructor({ kind, parameters, shares, offset, scale, smallest, bend }) {
    Object.assign(this, { kind, parameters, shares, offset, scale, smallest, bend });
  }

  /** The number to forecast, scaled: the median or mean. */
  forecast(numbers, j) {
    return this.kind === "negative-binomial" ? this.#scaled(this.#meanCount(numbers[0], j), j) : numbers[0];
  }

  /** A quantile, scaled. `share`: between 0 and 1. `j`: which target. */
  quantile(share, numbers, j) {
    const [middle, ...rest] = numbers;
    if (this.kind === "quantile") return this.#learned(share, middle, rest.map(softplus));
    const spread = this.smallest + softplus(rest[0]);
    if (this.kind === "negative-binomial") {
      return this.#scaled(negativeBinomialQuantile(share, 1 / spread, this.#meanCount(middle, j)), j);
    }
    if (this.kind === "gaussian") return middle + spread * normalQuantile(share);
    return middle + spread * studentQuantile(share, 2 + softplus(rest[1]));
  }

  /** The bounds of an interval, as functions of a step's numbers. */
  bounds(level) {
    return [-1, 1].map((side) => (numbers, j) => this.quantile(0.5 + (side * level) / 200, numbers, j));
  }

  /** Between two quantiles that were learned the line; beyond the outermost these. `steps`: above the median, then below. */
  #learned(share, middle, steps) {
    const { shares } = this;
    const count = shares.length;
    const sums = (part) => part.map((_, i) => part.slice(0, i + 1).reduce((a, b) => a + b, 0));
    const below = sums(steps.slice(count)).map((sum) => middle - sum);
    const known = [...below.reverse(), middle, ...sums(steps.slice(0, count)).map((sum) => middle + sum)];
    const places = [...shares.map((one) => 1 - one).reverse(), 0.5, ...shares];
    const next = places.findIndex((place) => place >= share);
    if (next < 0) return known.at(-1);
    if (next === 0) return known[0];
    const part = (share - places[next - 1]) / (places[next] - places[next - 1]);
    return known[next - 1] + part * (known[next] - known[next - 1]);
  }

  #meanCount(middle, j) {
    const mean = middle * this.scale[j] + this.offset[j];
    return (mean + Math.sqrt(mean ** 2 + this.bend ** 2)) / 2;
  }

  #scaled(count, j) {
    return (count - this.offset[j]) / this.scale[j];
  }
}

/** How far truth lay from forecast, relative to what is usual after a window of such spread: conformal intervals. */
export class PastErrors {
  constructor({ levels, usual, states }) {
    Object.assign(this, { levels, usual, states });
  }

  /** The bounds of an interval, as functions of a step's number, the target, and the window. */
  bounds(level) {
    const l = this.levels.indexOf(level);
    if (l < 0) throw new SeqwiseError(`level ${level}: expected some of ${this.levels.join(", ")}, which the export holds.`);
    return [-1, 1].map((side) => ([number], j, { step, spread, later }) => {
      const { widths } = this.states.findLast(({ from }) => from <= later) ?? this.states[0];
      return number + side * widths[l][step][j] * (this.usual[0][step][j] + this.usual[1][step][j] * spread);
    });
  }
}

/**
 * Return the bounds that are asked for: what ends their column's name, and what tells them.
 *
 * @param {number[]} levels  of intervals, in percent
 * @param {number[]} quantiles  shares between 0 and 1
 * @param {Distribution | PastErrors | null} from
 */
export function boundsOf(levels, quantiles, from) {
  if (!from && (levels.length || quantiles.length)) {
    throw new SeqwiseError("Intervals come from the errors in validation, and nothing was held back for it in training.");
  }
  const inside = (value, top) => typeof value === "number" && value > 0 && value < top;
  for (const level of levels) {
    if (!inside(level, 100)) throw new SeqwiseError(`level ${level}: expected percent between 0 and 100, for example [80, 95].`);
  }
  const ascending = [...new Set(levels)].sort((a, b) => a - b);
  const named = new Map(ascending.map((level) => [level, from.bounds(level)]));
  const bounds = [...ascending].reverse().map((level) => [`-lo-${level}`, named.get(level)[0]]);
  bounds.push(...ascending.map((level) => [`-hi-${level}`, named.get(level)[1]]));
  for (const share of [...new Set(quantiles)].sort((a, b) => a - b)) {
    if (!inside(share, 1)) throw new SeqwiseError(`quantile ${share}: expected a share between 0 and 1, for example 0.1.`);
    bounds.push([`-q-${share}`, quantileOf(share, from)]);
  }
  return bounds;
}

function quantileOf(share, from) {
  if (from instanceof Distribution) return (numbers, j) => from.quantile(share, numbers, j);
  if (share === 0.5) return ([number]) => number;
  const level = Number(Math.abs(200 * share - 100).toFixed(9));
  return from.bounds(level)[share < 0.5 ? 0 : 1];
}

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
