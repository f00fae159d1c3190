/** Time zones: what their clocks show. Times are counted in microseconds. */

import { DAY } from "./calendar.js";
import { SeqwiseError } from "./errors.js";

const MINUTE = 60e6;

export class Zone {
  /** @param {string} name  of the IANA's, such as "Europe/Berlin", or an offset, "+01:00" */
  constructor(name) {
    const fixed = /^([+-])(\d{2}):(\d{2})$/.exec(name);
    if (fixed) {
      const [, sign, hours, minutes] = fixed;
      this.fixed = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE;
      return;
    }
    const parts = Object.fromEntries(["year", "month", "day", "hour", "minute", "second"].map((part) => [part, "numeric"]));
    try {
      this.format = new Intl.DateTimeFormat("en-US", { timeZone: name, hourCycle: "h23", ...parts });
    } catch {
      throw new SeqwiseError(`There is no time zone ${JSON.stringify(name)} here.`);
    }
  }

  /** How far the clocks are ahead of UTC at a time in UTC. */
  offset(time) {
    if (!this.format) return this.fixed;
    const seconds = Math.floor(time / 1e6);
    const parts = this.format.formatToParts(seconds * 1000);
    const { year, month, day, hour, minute, second } = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
    return (Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - seconds) * 1e6;
  }

  /** What the clocks show at a time in UTC. */
  toWall(time) {
    return time + this.offset(time);
  }

  /** Undo `toWall`: of a time that the clocks show twice the first, of one that they skip the one after the gap. */
  fromWall(wall) {
    const [before, after] = [this.offset(wall - DAY), this.offset(wall + DAY)];
    if (before === after || this.offset(wall - before) === before) return wall - before;
    return this.offset(wall - after) === after ? wall - after : wall - before;
  }
}

/** An offset as texts of times end: "+01:00". */
export function offsetText(offset) {
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const pad = (number) => String(number).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
