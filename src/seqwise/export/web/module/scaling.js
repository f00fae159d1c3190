/** Scales: of the columns of one series, and of each of many. */

import { SeqwiseError } from "./errors.js";

/** Brings each column to a common scale: (log(x) or x - offset) / scale. */
export class Scaler {
  constructor({ columns, log, offset, scale }) {
    Object.assign(this, { columns, offset, scale, logged: columns.map((name) => log.includes(name)) });
  }

  /** Scale rows, shape (rows, columns); rounded to 32 bits. */
  transform(rows) {
    return rows.map((row) => row.map((value, j) => Math.fround((this.#log(value, j) - this.offset[j]) / this.scale[j])));
  }

  /** Scale rows of the last columns alone. */
  transformLast(rows) {
    const first = this.columns.length - rows[0].length;
    return rows.map((row) => row.map((value, j) => Math.fround((value - this.offset[first + j]) / this.scale[first + j])));
  }

  /** Undo `transform` for a row of the first columns. */
  inverse(row) {
    return Array.from(row, (value, j) => {
      const x = value * this.scale[j] + this.offset[j];
      return this.logged[j] ? Math.exp(Math.min(x, 700)) : x;
    });
  }

  #log(value, j) {
    if (!this.logged[j]) return value;
    if (value > 0) return Math.log(value);
    throw new SeqwiseError(
      `column ${this.columns[j]} holds ${value}, but its logarithm is taken and needs values above 0.`,
    );
  }
}

const SMALLEST = 1e-8; // a scale, relative to the size of its series' values: a constant series is left as it is

/** Brings each of many series to a common scale: known ones as in training, new ones by all of their rows. */
export class PanelScaler {
  constructor({ kind, columns, log, counts, common, shared, names, offset, scale }) {
    Object.assign(this, { kind, columns, log, counts, common, shared, offset, scale });
    this.places = new Map(names.map((name, s) => [String(name), s]));
  }

  /** The scale of a series of this name and these values, shape (rows, columns): a Scaler. */
  of(name, values) {
    const s = this.places.get(String(name));
    const [offset, scale] = s === undefined ? this.#own(values) : [this.offset[s], this.scale[s]];
    return new Scaler({ columns: this.columns, log: this.log ? [this.columns[0]] : [], offset, scale });
  }

  #own(values) {
    const [offset, scale] = [[], []];
    this.columns.forEach((_, j) => {
      if (this.shared.includes(j)) {
        offset.push(this.offset[0][j]);
        scale.push(this.scale[0][j]);
        return;
      }
      const column = values.map((row) => (this.log && j === 0 ? Math.log(row[j]) : row[j]));
      const [middle, spread] = this.#moments(column);
      offset.push(this.counts && j === 0 ? 0 : middle);
      const common = j === 0 && (this.counts || (this.log && this.kind !== "none"));
      scale.push(common ? this.common : spread);
    });
    return [offset, scale];
  }

  #moments(column) {
    if (this.kind === "none") return [0, 1];
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const low = column.reduce((least, value) => Math.min(least, value), Infinity);
    const high = column.reduce((most, value) => Math.max(most, value), -Infinity);
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
    const [offset, scale] = this.kind === "minmax" ? [low, high - low] : [mean, deviation];
    return [offset, scale > SMALLEST * Math.max(Math.abs(offset), 1e-12) ? scale : 1];
  }
}
