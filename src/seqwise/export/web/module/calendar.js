/** Days and months: days are counted from 1970-01-01 on, months from 1970-01 on, times in microseconds, in UTC. */

export const DAY = 86_400_000_000;

export function floorMod(a, b) {
  return a - Math.floor(a / b) * b;
}

export function dayOf(time) {
  return Math.floor(time / DAY);
}

export function monthOf(time) {
  const date = new Date(dayOf(time) * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

export function firstDayOf(month) {
  const date = new Date(0);
  date.setUTCFullYear(1970 + Math.floor(month / 12), floorMod(month, 12), 1);
  return date.getTime() / 86_400_000;
}

// 1970-01-01 was a Thursday; business days are counted from Monday, 1969-12-29

export function isBusinessDay(day) {
  return floorMod(day + 3, 7) < 5;
}

export function businessDays(day) {
  return Math.floor((day + 3) / 7) * 5 + Math.min(floorMod(day + 3, 7), 5);
}

export function businessDayAt(count) {
  return Math.floor(count / 5) * 7 + floorMod(count, 5) - 3;
}
