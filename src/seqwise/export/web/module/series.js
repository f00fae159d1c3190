/** Rows as regular series: their times and gaps, by what the training knew of them; and what is known of rows to come. */

import { Covariates, notesOf, readNumber } from "./covariates.js";
import { SeqwiseError } from "./errors.js";
import { readTimes, TimeIndex } from "./times.js";

const MOST_STEPS = 1_000_000;
const MOST_NAMED = 3; // times of a message

/**
 * A regular series.
 *
 * Attributes: values, shape (rows, columns), without gaps; observed, alike, false where a value was filled, or null;
 * index, the rows' times; name, of one of many series, else null; notes, what was found and repaired, one sentence each.
 */
export class Series {
  constructor(values, observed, index, gaps, notes, name = null) {
    Object.assign(this, { values, observed, index, gaps, notes, name });
  }

  /** The time of each row. */
  get times() {
    return this.index.range(0, this.values.length);
  }

  /** Which steps the network may see, booleans, shape (rows,): of one of many series where the target was observed. */
  visible() {
    if (this.gaps !== "mask" || !this.observed) return this.values.map(() => true);
    return this.observed.map((row) => (this.name === null ? row.every(Boolean) : row[0]));
  }
}

/** Reads tables as the training's was: one series, or many, which a column tells apart. */
export class SeriesReader {
  /**
   * @param {object} training  of pipeline.json: column (that names the series, or null), time (the name of its column,
   *   names, or null), time_index, gaps, covariates, holidays
   * @param {string[]} targets  their columns
   */
  constructor({ column, time, time_index, gaps, covariates, holidays }, targets) {
    Object.assign(this, { column, time, gaps, targets });
    this.index = new TimeIndex(time_index);
    this.covariates = new Covariates(covariates, holidays);
    this.columns = [...targets, ...this.covariates.sources]; // of the table, without times and the series' names
  }

  /**
   * Read rows as a regular series, by the columns, the time index and the gap rule of the training.
   *
   * Rows out of order are sorted, of rows with the same time the last is kept, and rows without a target at either end
   * are left out. A missing value is interpolated ("interpolate"), or filled with the last observed one and hidden from
   * the network ("mask").
   *
   * @returns {Series | Series[]} of a table of many series each of them, in the order in which they first appear
   */
  read(rows) {
    if (!Array.isArray(rows) || !rows.length) throw new SeqwiseError("There are no rows. Pass a list of at least one.");
    const times = this.time === null ? null : readTimes(rows, this.time, this.index);
    if (this.column === null) return this.#one(rows, times, rows.map((_, i) => i), null);
    const all = this.#groups(rows).map(([name, members]) => this.#one(rows, times, members, name));
    const some = all.filter((series) => series !== null);
    if (!some.length) throw new SeqwiseError(`The target ${this.targets[0]} holds no value at all.`);
    return some;
  }

  /** Take up what was stored of the training: the last rows of a series. */
  stored({ name, first, values, observed }) {
    const { index } = this;
    const exact = index.unit === "us" || index.unit === "i"; // a series may lie between the steps of others
    const start = Math.round(index.at(exact ? first : Math.round(first)));
    return new Series(values, observed, index.startingAt(start), this.gaps, [], name);
  }

  /**
   * Return what is known of the rows after a series' end, shape (horizon, columns).
   *
   * @param {object[] | undefined} future  rows to come, with the columns that are known in advance
   */
  ahead(series, horizon, future) {
    const { covariates, targets } = this;
    const { past, fixed, future: names, calendar } = covariates;
    const count = series.values.length;
    const times = series.index.steps(count, horizon);
    const skipped = targets.length + covariates.widthOf(past);
    const constant = series.values.at(-1).slice(skipped, skipped + covariates.widthOf(fixed));
    const read = names.length ? this.#rowsAhead(series, horizon, future) : times.map(() => []);
    return times.map((time, step) => [...constant, ...read[step], ...(calendar.length ? covariates.ofTime(series.index.onClocks(time)) : [])]);
  }

  /** Return the rows to come of a series, to fill in: what is known in advance is what it was in the last rows. */
  rowsAhead(series, horizon) {
    const { covariates, targets } = this;
    const times = series.index.range(series.values.length, horizon);
    const last = series.values.slice(-horizon);
    let first = targets.length + covariates.widthOf([...covariates.past, ...covariates.fixed]);
    const cells = covariates.future.map((name) => {
      const [words, at] = [covariates.categories[name], first];
      first += covariates.widthOf([name]);
      if (!words) return (row) => row[at];
      return (row) => words.find((_, k) => row[at + k] > 0.5) ?? "";
    });
    return times.map((time, step) => ({
      ...(this.column === null ? {} : { [this.column]: series.name }),
      ...(this.time === null ? {} : this.#told(time)),
      ...Object.fromEntries(covariates.future.map((name, k) => [name, cells[k](last[step % last.length])])),
    }));
  }

  #told(time) {
    if (typeof this.time === "string") return { [this.time]: time };
    const parts = String(time).split(/[-T:]/).map(Number);
    return Object.fromEntries(this.time.map((name, k) => [name, parts[k] ?? 0]));
  }

  /** The rows of each series, by the name that it has. */
  #groups(rows) {
    const groups = new Map();
    rows.forEach((row, i) => {
      const name = row?.[this.column];
      if (name === undefined || name === null || name === "") {
        throw new SeqwiseError(`Row ${i} names no series: its column ${this.column} is empty. Fill it in, or remove the row.`);
      }
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(i);
    });
    return [...groups];
  }

  /** Read one series, the rows of these numbers; null of one of many that has no target at all. */
  #one(rows, times, members, name) {
    const { covariates, targets, gaps } = this;
    const [notes, unknown] = [[], new Map()];
    const numbers = members.map((i) => {
      const cell = cellsOf(rows[i], this.columns, i);
      const own = targets.map((column) => readNumber(cell(column), column, i));
      return [...own, ...covariates.values(cell, covariates.sources, i, unknown)];
    });
    notes.push(...notesOf(unknown));
    const names = [...targets, ...covariates.expanded(covariates.sources)];
    let index = this.index;
    let positions = numbers.map((_, i) => i);
    let order = positions;
    if (times === null) {
      index = new TimeIndex({ start: 0, step: 1, unit: "i" });
    } else {
      ({ order, positions, index } = layOnIndex(members.map((i) => times[i]), index, notes, name));
    }
    let values = Array.from({ length: positions.at(-1) + 1 }, () => names.map(() => NaN));
    positions.forEach((position, k) => (values[position] = numbers[order[k]]));

    const withTarget = values.map((row) => row.slice(0, targets.length).some((value) => !Number.isNaN(value)));
    const first = withTarget.indexOf(true);
    if (first < 0 && name !== null) return null;
    if (first < 0) throw new SeqwiseError(`The target ${targets[0]} holds no value at all.`);
    const last = withTarget.lastIndexOf(true);
    for (const [count, where] of [[first, "beginning"], [values.length - 1 - last, "end"]]) {
      if (count) notes.push(`${count} row(s) without a target at the ${where} were left out.`);
    }
    index = index.startingAt(index.at(first));
    values = values.slice(first, last + 1);
    let observed = values.map((row) => row.map((value) => !Number.isNaN(value)));
    const missing = observed.flat().filter((seen) => !seen).length;
    if (missing) {
      if (gaps === "error") throw new SeqwiseError(`${missing} value(s) are missing. Fill them: the model takes no gaps.`);
      notes.push(`${missing} value(s) are missing; ${gaps === "mask" ? "masked" : "interpolated"}.`);
      names.forEach((column, j) => fill(values, observed, j, gaps, column, name !== null));
    }
    this.#checkConstant(values, names, name);
    if (covariates.calendar.length) {
      const made = index.steps(0, values.length).map((one) => covariates.ofTime(index.onClocks(one)));
      values = values.map((row, t) => [...row, ...made[t]]);
      observed = observed.map((row, t) => [...row, ...made[t].map(() => true)]);
    }
    return new Series(values, missing ? observed : null, index, gaps, notes, name);
  }

  #checkConstant(values, names, name) {
    for (const column of this.covariates.expanded(this.covariates.fixed)) {
      const j = names.indexOf(column);
      if (values.some((row) => row[j] !== values[0][j])) {
        throw new SeqwiseError(`${column} has one value for each series, but changes within the series ${name}.`);
      }
    }
  }

  /** Read what is known in advance from rows to come, by their times (in their order, where rows are counted). */
  #rowsAhead(series, horizon, future) {
    const { covariates, time, column } = this;
    const { future: names } = covariates;
    if (!Array.isArray(future)) {
      throw new SeqwiseError(`The forecast needs ${names.join(", ")} of the rows to come: pass them, predict(rows, { future }).`);
    }
    const chosen = future.filter((row) => column === null || String(row[column]) === String(series.name));
    const steps =
      time === null
        ? chosen.map((_, i) => i)
        : readTimes(chosen, time, series.index).map((at) => Math.round(series.index.position(at)) - series.values.length);
    const found = Array.from({ length: horizon }, () => Array(covariates.widthOf(names)).fill(NaN));
    chosen.forEach((row, i) => {
      if (steps[i] < 0 || steps[i] >= horizon) return;
      const cell = (name) => (typeof row === "object" && row !== null ? row[name] : row);
      found[steps[i]] = covariates.values(cell, names, i, new Map());
    });
    const missing = found.flatMap((row, step) => (row.some(Number.isNaN) ? [step] : []));
    if (missing.length) {
      const times = series.index.texts(missing.map((step) => series.index.at(series.values.length + step)));
      const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : "";
      const of = column === null ? "" : ` of the series ${series.name}`;
      throw new SeqwiseError(
        `The forecast needs what is known in advance, but the rows to come lack ${names.join(", ")} at ` +
          `${times.slice(0, MOST_NAMED).join(", ")}${more}${of}.`,
      );
    }
    return found;
  }
}

/** Return what reads a row's cells by their columns: of an object, an array in the columns' order, or the only value. */
function cellsOf(row, columns, i) {
  const single = typeof row !== "object" || row === null;
  if (single && columns.length > 1) {
    throw new SeqwiseError(`Row ${i} is one value, but the model reads ${columns.length} columns: ${columns.join(", ")}.`);
  }
  if (single) return () => row;
  if (Array.isArray(row)) {
    if (row.length !== columns.length) {
      throw new SeqwiseError(`Row ${i} has ${row.length} value(s); the model reads ${columns.join(", ")}, in this order.`);
    }
    return (name) => row[columns.indexOf(name)];
  }
  return (name) => {
    if (row[name] === undefined) {
      throw new SeqwiseError(`Row ${i} has no column ${name}. It has: ${Object.keys(row).join(", ")}.`);
    }
    return row[name];
  };
}

function layOnIndex(times, known, notes, name) {
  let order = [...times.keys()].sort((a, b) => times[a] - times[b]); // stable
  if (order.some((row, k) => row !== k) && name === null) notes.push("The rows were out of order; sorted by time.");
  const repeats = order.length;
  order = order.filter((row, k) => k + 1 === order.length || times[order[k + 1]] !== times[row]);
  if (order.length < repeats && name !== null) {
    throw new SeqwiseError(`The series ${name} has two rows at one time. Keep one of them.`);
  }
  if (order.length < repeats / 2) {
    throw new SeqwiseError("Most times repeat, so this looks like several series in one table. Pass one of them.");
  }
  if (order.length < repeats) {
    notes.push(`${repeats - order.length} row(s) repeat a time; the last row of each time was kept.`);
  }
  const index = known.startingAt(times[order[0]]);
  const positions = order.map((row) => index.position(times[row]));
  const off = positions.findIndex((position) => !Number.isInteger(position));
  if (off >= 0) throw new SeqwiseError(`Row ${order[off]} does not fit the time step of the training data.`);
  if (positions.at(-1) + 1 > Math.max(100 * positions.length, MOST_STEPS)) {
    throw new SeqwiseError(`Only ${positions.length} of ${positions.at(-1) + 1} steps are there: is a time mistyped?`);
  }
  return { order, positions, index };
}

function fill(values, observed, j, gaps, name, emptyIsZero) {
  const seen = values.flatMap((_, t) => (observed[t][j] ? [t] : []));
  if (!seen.length && emptyIsZero) {
    values.forEach((row) => (row[j] = 0));
    return;
  }
  if (!seen.length) throw new SeqwiseError(`Column ${name} holds no value at all. Leave it out.`);
  let next = 0; // of `seen`: the first that is not before t
  values.forEach((row, t) => {
    while (next < seen.length && seen[next] < t) next++;
    if (observed[t][j]) return;
    const [before, after] = [seen[next - 1], seen[next]];
    if (before === undefined) row[j] = values[after][j];
    else if (after === undefined || gaps === "mask") row[j] = values[before][j];
    else {
      const slope = (values[after][j] - values[before][j]) / (after - before);
      row[j] = slope * (t - before) + values[before][j];
    }
  });
}
