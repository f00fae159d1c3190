/** Rows as a regular series: their times, gaps and scale, by what the training knew of them. */

import { SeqwiseError } from "./errors.js";

const DAY = 86_400_000_000; // microseconds, in which times are counted, from 1970 on, in UTC
const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]);
const MOST_STEPS = 1_000_000;

/**
 * A regular series.
 *
 * Attributes: values, shape (rows, columns), without gaps; observed, alike, false where a value was filled, or null;
 * index, the rows' times; notes, what was found and repaired, one sentence each.
 */
export class Series {
  constructor(values, observed, index, gaps, notes) {
    Object.assign(this, { values, observed, index, gaps, notes });
  }

  /** The time of each row. */
  get times() {
    return this.index.range(0, this.values.length);
  }

  /** Which steps the network may see, booleans, shape (rows,). */
  visible() {
    if (this.gaps !== "mask" || !this.observed) return this.values.map(() => true);
    return this.observed.map((row) => row.every(Boolean));
  }
}

/** Brings each column to a common scale: (log(x) or x - offset) / scale. */
export class Scaler {
  constructor({ columns, log, offset, scale }) {
    Object.assign(this, { columns, offset, scale, logged: columns.map((name) => log.includes(name)) });
  }

  /** Scale rows, shape (rows, columns); rounded to 32 bits. */
  transform(rows) {
    return rows.map((row) => row.map((value, j) => Math.fround((this.#log(value, j) - this.offset[j]) / this.scale[j])));
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

/**
 * A regular sequence of times: start, start + step, start + 2 steps, ….
 *
 * Units: "mo", calendar months; "b", Monday to Friday; "us", exact; "i", whole numbers. A time is counted in
 * microseconds, or is the number itself.
 */
export class TimeIndex {
  constructor({ start, step, unit, month_end: monthEnd }) {
    if (!["mo", "b", "us", "i"].includes(unit) || !Number.isInteger(step) || step === 0) {
      throw new SeqwiseError(`pipeline.json is damaged: a time index of ${step} ${unit}. Export the model again.`);
    }
    Object.assign(this, { start: typeof start === "string" ? parseIso(start) : start, step, unit, monthEnd });
    if (!Number.isSafeInteger(this.start)) throw new SeqwiseError(`The time ${start} lies too far from today.`);
  }

  /** The same frequency from another time on. */
  startingAt(start) {
    return new TimeIndex({ start, step: this.step, unit: this.unit, month_end: this.monthEnd });
  }

  /** The position of a time: a whole number where it is on the index. */
  position(time) {
    const { start, step, unit } = this;
    if (unit === "i" || unit === "us") return (time - start) / step;
    if (unit === "b") {
      const off = floorMod(time - start, DAY) !== 0 || !isBusinessDay(dayOf(time));
      return (businessDays(dayOf(time)) - businessDays(dayOf(start))) / step + (off ? 0.5 : 0);
    }
    const months = (monthOf(time) - monthOf(start)) / step;
    return Number.isInteger(months) && this.at(months) !== time ? months + 0.5 : months;
  }

  /** The time at a position. */
  at(position) {
    const { start, unit } = this;
    const offset = position * this.step;
    if (unit === "i" || unit === "us") return start + offset;
    const timeOfDay = floorMod(start, DAY);
    if (unit === "b") return businessDayAt(businessDays(dayOf(start)) + offset) * DAY + timeOfDay;
    const month = monthOf(start) + offset;
    if (this.monthEnd) return (firstDayOf(month + 1) - 1) * DAY + timeOfDay;
    return firstDayOf(month) * DAY + (start - firstDayOf(monthOf(start)) * DAY);
  }

  /** `count` times from a position on, as texts (numbers, where rows are numbered); dates alone where all are at
   * midnight. */
  range(first, count) {
    const times = Array.from({ length: count }, (_, k) => this.at(first + k));
    if (this.unit === "i") return times;
    const dates = times.every((time) => floorMod(time, DAY) === 0);
    return times.map((time) => timeText(time, dates));
  }
}

/**
 * Read rows as a regular series, by the columns, the time index and the gap rule of the training.
 *
 * Rows out of order are sorted, of rows with the same time the last is kept, and rows without a target at either end
 * are left out. A missing value is interpolated ("interpolate"), or filled with the last observed one and hidden from
 * the network ("mask").
 *
 * @param {object} training  of pipeline.json: time (the name of its column, names, or null), time_index, gaps
 * @param {string[]} columns  the targets first
 * @param {number} targets  how many of them are targets
 */
export function readSeries(rows, training, columns, targets) {
  if (!Array.isArray(rows) || !rows.length) throw new SeqwiseError("There are no rows. Pass a list of at least one.");
  const notes = [];
  const numbers = rows.map((row, i) => readNumbers(row, columns, i));
  const { time, gaps } = training;
  let index = new TimeIndex(training.time_index);
  let positions = numbers.map((_, i) => i);
  let order = positions;
  if (time === null) {
    index = new TimeIndex({ start: 0, step: 1, unit: "i" });
  } else {
    ({ order, positions, index } = layOnIndex(readTimes(rows, time, index), index, notes));
  }
  let values = Array.from({ length: positions.at(-1) + 1 }, () => columns.map(() => NaN));
  positions.forEach((position, k) => (values[position] = numbers[order[k]]));

  const withTarget = values.map((row) => row.slice(0, targets).some((value) => !Number.isNaN(value)));
  const first = withTarget.indexOf(true);
  if (first < 0) throw new SeqwiseError(`The target ${columns[0]} holds no value at all.`);
  const last = withTarget.lastIndexOf(true);
  for (const [count, where] of [[first, "beginning"], [values.length - 1 - last, "end"]]) {
    if (count) notes.push(`${count} row(s) without a target at the ${where} were left out.`);
  }
  index = index.startingAt(index.at(first));
  values = values.slice(first, last + 1);
  const observed = values.map((row) => row.map((value) => !Number.isNaN(value)));
  const missing = observed.flat().filter((seen) => !seen).length;
  if (!missing) return new Series(values, null, index, gaps, notes);
  if (gaps === "error") throw new SeqwiseError(`${missing} value(s) are missing. Fill them: the model takes no gaps.`);
  notes.push(`${missing} value(s) are missing; ${gaps === "mask" ? "masked" : "interpolated"}.`);
  columns.forEach((name, j) => fill(values, observed, j, gaps, name));
  return new Series(values, observed, index, gaps, notes);
}

function readNumbers(row, columns, i) {
  const single = typeof row !== "object" || row === null;
  if (single && columns.length > 1) {
    throw new SeqwiseError(`Row ${i} is one value, but the model reads ${columns.length} columns: ${columns.join(", ")}.`);
  }
  if (Array.isArray(row) && row.length !== columns.length) {
    throw new SeqwiseError(`Row ${i} has ${row.length} value(s); the model reads ${columns.join(", ")}, in this order.`);
  }
  return columns.map((name, j) => {
    const value = single ? row : Array.isArray(row) ? row[j] : row[name];
    if (value === undefined && !single && !Array.isArray(row)) {
      throw new SeqwiseError(`Row ${i} has no column ${name}. It has: ${Object.keys(row).join(", ")}.`);
    }
    if (value === null || value === undefined || (typeof value === "string" && MISSING.has(value.trim()))) return NaN;
    const number = Number(value);
    if ((Number.isNaN(number) && typeof value !== "number") || Math.abs(number) === Infinity) {
      throw new SeqwiseError(`Row ${i}, column ${name}: ${JSON.stringify(value)} is not a number.`);
    }
    return number;
  });
}

function layOnIndex(times, known, notes) {
  let order = [...times.keys()].sort((a, b) => times[a] - times[b]); // stable
  if (order.some((row, k) => row !== k)) notes.push("The rows were out of order; sorted by time.");
  const repeats = order.length;
  order = order.filter((row, k) => k + 1 === order.length || times[order[k + 1]] !== times[row]);
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

function fill(values, observed, j, gaps, name) {
  const seen = values.flatMap((_, t) => (observed[t][j] ? [t] : []));
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

// times

function readTimes(rows, time, index) {
  const names = typeof time === "string" ? [time] : time;
  rows.forEach((row, i) => {
    for (const name of names) {
      const value = row?.[name];
      if (value === undefined || value === null || value === "") {
        throw new SeqwiseError(`Row ${i} has no time: its column ${name} is empty. Fill it in, or remove the row.`);
      }
    }
  });
  if (names.length > 1) return rows.map((row, i) => fromParts(names.map((name) => Number(row[name])), i));
  const values = rows.map((row) => row[names[0]]);
  if (index.unit === "i") {
    return values.map((value, i) => {
      if (Number.isInteger(Number(value))) return Number(value);
      throw new SeqwiseError(`Row ${i}: the time ${value} is not a whole number, as in the training data.`);
    });
  }
  if (values.every((value) => value instanceof Date)) return values.map((value) => value.getTime() * 1000);
  const words = values.map((value) => String(value).trim());
  if (typeof values[0] === "number") {
    throw new SeqwiseError(`${names[0]} holds numbers, but dates in the training data.`);
  }
  return parseTimes(words, names[0], index);
}

function fromParts(parts, i) {
  const ranges = [[1, 9999], [1, 12], [1, 31], [0, 24], [0, 60], [0, 60]];
  parts.forEach((part, k) => {
    if (!Number.isInteger(part) || part < ranges[k][0] || part > ranges[k][1]) {
      throw new SeqwiseError(`Row ${i}: ${part} is no part of a date. The order is year, month, day, hour, minute, second.`);
    }
  });
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return (firstDayOf((year - 1970) * 12 + month - 1) + day - 1) * DAY + ((hour * 60 + minute) * 60 + second) * 1e6;
}

const CLOCK = String.raw`(?:[T ](?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?<fraction>\.\d+)?)?)?(?<zone>Z|[+-]\d{2}:?\d{2})?`;
const FORMS = [
  String.raw`(?<year>\d{4})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})${CLOCK}`,
  String.raw`(?<day>\d{1,2})[-/](?<month>\d{1,2})[-/](?<year>\d{4})${CLOCK}`,
  String.raw`(?<year>\d{4})[-/](?<month>\d{1,2})`,
  String.raw`(?<month>\d{1,2})[-/](?<day>\d{1,2})[-/](?<year>\d{4})${CLOCK}`,
  String.raw`(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})`,
  String.raw`(?<year>\d{4})`,
  String.raw`(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})`,
].map((form) => new RegExp(`^${form}$`));

/** Read texts in the form that suits all of them; of 02/01 the reading that suits the time step. */
function parseTimes(words, name, index) {
  const zoned = words.find((word) => /:\d{2}(\.\d+)?[+-]\d{2}:?\d{2}$/.test(word) && !/00:?00$/.test(word));
  if (zoned !== undefined) {
    throw new SeqwiseError(`The time column ${name} holds ${zoned}, with a zone. The model was trained on times in UTC or without a zone: convert them.`);
  }
  const readings = [];
  for (const form of FORMS) {
    const times = words.map((word) => timeOf(form.exec(word)));
    if (times.includes(null)) continue;
    if (!readings.some((other) => other.every((time, i) => time === times[i]))) readings.push(times);
    if (!/^\d{1,2}[-/]/.test(words[0])) break;
  }
  if (!readings.length) {
    const bad = words.find((word) => FORMS.every((form) => timeOf(form.exec(word)) === null)) ?? words[0];
    throw new SeqwiseError(`The time column ${name} holds ${bad}, which is no date. Write dates as 2024-12-31.`);
  }
  if (readings.length === 1) return readings[0];
  const misfits = readings.map((times) => misfit(times, index));
  const least = Math.min(...misfits);
  if (misfits.filter((count) => count === least).length > 1) {
    throw new SeqwiseError(`${name} can be read with the day first or the month first. Write dates as 2024-12-31.`);
  }
  return readings[misfits.indexOf(least)];
}

/** Count the rows off the time index, and its steps that no row has. */
function misfit(times, known) {
  const distinct = [...new Set(times)].sort((a, b) => a - b);
  const index = known.startingAt(distinct[0]);
  const off = distinct.filter((time) => !Number.isInteger(index.position(time))).length;
  return off * 1e9 + index.position(distinct.at(-1)) + 1 - distinct.length;
}

function timeOf(match) {
  if (!match) return null;
  const { year, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0, zone } = match.groups;
  const days = firstDayOf((year - 1970) * 12 + (month - 1));
  const lengthOfMonth = firstDayOf((year - 1970) * 12 + Number(month)) - days;
  if (month < 1 || month > 12 || day < 1 || day > lengthOfMonth || hour > 23 || minute > 59 || second > 59) return null;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const time = (days + Number(day) - 1) * DAY + seconds * 1e6 + Math.trunc(Number(fraction) * 1e6 + 1e-4);
  if (!zone || zone === "Z") return time;
  const [, sign, hours, minutes] = /([+-])(\d{2}):?(\d{2})/.exec(zone);
  return time - (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60e6;
}

function parseIso(text) {
  const match = /^(-?\d+)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?)?$/.exec(text);
  if (!match) throw new SeqwiseError(`pipeline.json is damaged: ${JSON.stringify(text)} is no time.`);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = 0] = match;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const days = firstDayOf((year - 1970) * 12 + (month - 1)) + Number(day) - 1;
  return days * DAY + seconds * 1e6 + Math.round(Number(fraction) * 1e6);
}

/** A time as text, for example 1961-01-01T12:00:00. */
function timeText(time, dateAlone) {
  const day = dayOf(time);
  const month = monthOf(time);
  const pad = (number, size) => String(number).padStart(size, "0");
  const year = 1970 + Math.floor(month / 12);
  const date = `${pad(year, 4)}-${pad(floorMod(month, 12) + 1, 2)}-${pad(day - firstDayOf(month) + 1, 2)}`;
  if (dateAlone) return date;
  const inside = floorMod(time, DAY);
  const seconds = Math.floor(inside / 1e6);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((n) => pad(n, 2)).join(":");
  const fraction = inside % 1e6;
  return `${date}T${clock}${fraction ? `.${pad(fraction, 6)}` : ""}`;
}

// the calendar: days and months from 1970-01 on

function floorMod(a, b) {
  return a - Math.floor(a / b) * b;
}

function dayOf(time) {
  return Math.floor(time / DAY);
}

function monthOf(time) {
  const date = new Date(dayOf(time) * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function firstDayOf(month) {
  const date = new Date(0);
  date.setUTCFullYear(1970 + Math.floor(month / 12), floorMod(month, 12), 1);
  return date.getTime() / 86_400_000;
}

// 1970-01-01 was a Thursday; business days are counted from Monday, 1969-12-29

function isBusinessDay(day) {
  return floorMod(day + 3, 7) < 5;
}

function businessDays(day) {
  return Math.floor((day + 3) / 7) * 5 + Math.min(floorMod(day + 3, 7), 5);
}

function businessDayAt(count) {
  return Math.floor(count / 5) * 7 + floorMod(count, 5) - 3;
}
