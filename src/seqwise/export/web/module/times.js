/** Regular times: their steps, how they are read from texts, and written. */

import { businessDayAt, businessDays, DAY, dayOf, firstDayOf, floorMod, isBusinessDay, monthOf } from "./calendar.js";
import { SeqwiseError } from "./errors.js";
import { offsetText, Zone } from "./zones.js";

/**
 * A regular sequence of times: start, start + step, start + 2 steps, ….
 *
 * Units: "mo", calendar months; "b", Monday to Friday; "us", exact; "i", whole numbers. A time is counted in
 * microseconds, or is the number itself. It is in UTC, or, with `wall`, what the clocks of the zone show.
 */
export class TimeIndex {
  constructor({ start, step, unit, month_end: monthEnd, zone = null, wall = false }) {
    if (!["mo", "b", "us", "i"].includes(unit) || !Number.isInteger(step) || step === 0) {
      throw new SeqwiseError(`pipeline.json is damaged: a time index of ${step} ${unit}. Export the model again.`);
    }
    Object.assign(this, { start: typeof start === "string" ? parseIso(start) : start, step, unit, monthEnd, wall });
    this.zone = typeof zone === "string" && zone !== "UTC" ? new Zone(zone) : zone;
    if (!Number.isSafeInteger(this.start)) throw new SeqwiseError(`The time ${start} lies too far from today.`);
  }

  /** The same frequency from another time on. */
  startingAt(start) {
    return Object.assign(Object.create(TimeIndex.prototype), this, { start });
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
    return this.texts(this.steps(first, count));
  }

  /** A time in UTC on the clock of this index. */
  fromUtc(time) {
    return this.wall ? this.zone.toWall(time) : time;
  }

  /** What the clocks of the zone show at a time of this index. */
  onClocks(time) {
    return this.wall || !(this.zone instanceof Zone) ? time : this.zone.toWall(time);
  }

  /** Times as texts (numbers, where rows are numbered), with the offset of their zone; dates alone where all are at
   * midnight and have none. */
  texts(times) {
    if (this.unit === "i") return times;
    if (this.zone instanceof Zone) {
      return times.map((time) => {
        const utc = this.wall ? this.zone.fromWall(time) : time;
        const offset = this.zone.offset(utc);
        return timeText(utc + offset, false) + offsetText(offset);
      });
    }
    const dates = times.every((time) => floorMod(time, DAY) === 0);
    return times.map((time) => timeText(time, dates));
  }

  /** `count` times from a position on, as they are counted. */
  steps(first, count) {
    return Array.from({ length: count }, (_, k) => this.at(first + k));
  }
}

/** Read the time of each row, by the name of its column, or of the columns of its parts: year, month, …. */
export function readTimes(rows, time, index) {
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
  if (values.every((value) => value instanceof Date)) return values.map((value) => index.fromUtc(value.getTime() * 1000));
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
      throw new SeqwiseError(`Row ${i}: ${part} is not part of a date. The order is year, month, day, hour, minute, second.`);
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
  if (index.zone instanceof Zone) {
    const bare = words.find((word) => !/:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/.test(word));
    if (bare !== undefined) {
      throw new SeqwiseError(`The time column ${name} holds ${bare}, without a zone. Write its offset: 2024-12-31T00:00:00+01:00.`);
    }
  } else {
    const zoned = words.find((word) => /:\d{2}(\.\d+)?[+-]\d{2}:?\d{2}$/.test(word) && !/00:?00$/.test(word));
    if (zoned !== undefined) {
      throw new SeqwiseError(`The time column ${name} holds ${zoned}, with a zone. The model was trained on times in UTC or without a zone: convert them.`);
    }
  }
  const readings = [];
  for (const form of FORMS) {
    const utc = words.map((word) => timeOf(form.exec(word)));
    if (utc.includes(null)) continue;
    const times = utc.map((time) => index.fromUtc(time));
    if (!readings.some((other) => other.every((time, i) => time === times[i]))) readings.push(times);
    if (!/^\d{1,2}[-/]/.test(words[0])) break;
  }
  if (!readings.length) {
    const bad = words.find((word) => FORMS.every((form) => timeOf(form.exec(word)) === null)) ?? words[0];
    throw new SeqwiseError(`The time column ${name} holds ${bad}, which is not a date. Write dates as 2024-12-31.`);
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
  if (!match) throw new SeqwiseError(`pipeline.json is damaged: ${JSON.stringify(text)} is not a time.`);
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
