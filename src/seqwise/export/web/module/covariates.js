/** Columns beside the targets: words as columns of 0 and 1, what the calendar says, and what is known of rows to come. */

import { SeqwiseError } from "./errors.js";
import { DAY, dayOf, firstDayOf, floorMod, monthOf } from "./calendar.js";

export const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]);

export class Covariates {
  /**
   * @param {object} saved  of pipeline.json: names of the columns of the past, the future, and static ones; parts of the
   *   calendar; the words of each column of words
   * @param {object} holidays  of each country that the calendar names: first and last year, and the days
   */
  constructor(saved, holidays = {}) {
    const { past, future, static: fixed, calendar, categories } = saved;
    Object.assign(this, { past, future, fixed, calendar });
    this.categories = Object.assign(Object.create(null), categories); // a column may have any name
    this.holidays = Object.fromEntries(
      Object.entries(holidays).map(([name, { first, last, days }]) => [name, { first, last, days: new Set(days) }]),
    );
  }

  /** The columns of a table, in the order in which the network reads them. */
  get sources() {
    return [...this.past, ...this.fixed, ...this.future];
  }

  /** Whether anything is known of the rows to come. */
  get ahead() {
    return this.fixed.length + this.future.length + this.calendar.length > 0;
  }

  /** How many columns of numbers all of them become. */
  get width() {
    return this.widthOf(this.sources) + this.calendar.reduce((sum, part) => sum + calendarWidth(part), 0);
  }

  /** How many columns of numbers some columns of a table become. */
  widthOf(names) {
    return names.reduce((sum, name) => sum + (this.categories[name]?.length ?? 1), 0);
  }

  /** The names of these columns: `wind=NW` for each word of a column of words. */
  expanded(names) {
    return names.flatMap((name) => this.categories[name]?.map((word) => `${name}=${word}`) ?? [name]);
  }

  /**
   * Return what cells of a row become: numbers, NaN where one is missing.
   *
   * @param {(name: string) => any} cell  the row's cell of a column
   * @param {Map<string, number>} unknown  counts words that the training did not have, by column and word
   */
  values(cell, names, i, unknown) {
    return names.flatMap((name) => {
      const words = this.categories[name];
      const value = cell(name);
      if (!words) return [readNumber(value, name, i)];
      const word = wordOf(value, words);
      if (word === null) return words.map(() => NaN);
      if (!words.includes(word)) {
        const what = `${name} holds ${JSON.stringify(word)}, which was not there in training`;
        unknown.set(what, (unknown.get(what) ?? 0) + 1);
      }
      return words.map((other) => Number(other === word));
    });
  }

  /** Return the columns that the calendar makes of a time, in microseconds. */
  ofTime(time) {
    return this.calendar.flatMap((part) => {
      const day = dayOf(time);
      if (part === "hour") return onCircle((time - day * DAY) / DAY);
      if (part === "weekday") return Array.from({ length: 7 }, (_, k) => Number(floorMod(day + 3, 7) === k));
      const year = Math.floor(monthOf(time) / 12) * 12; // its first month
      if (part === "month") {
        const begin = firstDayOf(year);
        return onCircle((time / DAY - begin) / (firstDayOf(year + 12) - begin));
      }
      const { first, last, days } = this.holidays[part];
      if (1970 + year / 12 < first || 1970 + year / 12 > last) {
        throw new SeqwiseError(`The holidays of ${first} to ${last} are known here, not of ${1970 + year / 12}. Export the model again.`);
      }
      return [Number(days.has(new Date(day * 86_400_000).toISOString().slice(0, 10)))];
    });
  }
}

/** Say which words the training did not have. */
export function notesOf(unknown) {
  return [...unknown].map(([what, count]) => `${what}: ${count} row(s) are read as none of its words.`);
}

/** A cell as a number; NaN where it is missing. */
export function readNumber(value, name, i) {
  if (value === null || value === undefined || (typeof value === "string" && MISSING.has(value.trim()))) return NaN;
  const number = Number(value);
  if ((Number.isNaN(number) && typeof value !== "number") || Math.abs(number) === Infinity) {
    throw new SeqwiseError(`Row ${i}, column ${name}: ${JSON.stringify(value)} is not a number.`);
  }
  return number;
}

function wordOf(value, words) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "True" : "False"; // as Python writes them
  const word = String(value).trim();
  return word === "" || (MISSING.has(word) && !words.includes(word)) ? null : word;
}

/** How many columns a part of the calendar becomes: "hour", "weekday", "month", or the holidays of a country. */
export function calendarWidth(part) {
  return { hour: 2, weekday: 7, month: 2 }[part] ?? 1;
}

function onCircle(phase) {
  return [Math.sin(2 * Math.PI * phase), Math.cos(2 * Math.PI * phase)];
}
