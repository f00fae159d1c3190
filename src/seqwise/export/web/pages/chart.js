/** Charts: of a series, its forecast and the intervals of that; and of a sequence of numbers. */

import { readable } from "./page.js";

const [WIDTH, HEIGHT] = [880, 320];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 20, 36, 40]; // margins
const MOST_PAST = 200; // rows of the past that are drawn

/**
 * @param {object} series  the past
 * @param {object[]} forecast  rows by column
 * @param {{name: string, j: number, time: string, level: number[]}} target  its column, its place in the series, the
 *   forecast's time column, and the levels of intervals
 */
export function chart(series, forecast, { name, j, time, level }) {
  const past = series.values.map((row) => row[j]).slice(-MOST_PAST);
  const column = (suffix) => forecast.map((row) => row[name + suffix]);
  const next = column("");
  const bands = [...level].reverse().map((l) => [column(`-lo-${l}`), column(`-hi-${l}`)]); // the widest lies below
  const count = past.length + next.length;
  const now = past.length - 1;
  const { svg, x, point, line } = frame(`${name} and its forecast`, [...past, ...next, ...bands.flat(2)], count);
  const times = [...series.times.slice(-MOST_PAST), ...forecast.map((row) => row[time])];
  const apart = x(count - 1) - x(now) > 18 * String(times.at(-1)).length; // so that the two texts do not meet
  for (const [i, anchor] of [[0, "start"], ...(apart ? [[now, "middle"]] : []), [count - 1, "end"]]) {
    svg.append(drawn("text", { x: x(i), y: HEIGHT - BOTTOM / 2, "text-anchor": anchor }, times[i]));
  }
  const intervals = level.length ? `, with intervals of ${level.map((l) => `${l} %`).join(" and ")}` : "";
  svg.append(drawn("text", { x: LEFT, y: TOP / 2, class: "name" }, name));
  svg.append(drawn("text", { x: WIDTH - RIGHT, y: TOP / 2, "text-anchor": "end", class: "legend" }, `forecast${intervals}`));
  for (const [lower, upper] of bands) {
    const back = upper.map((value, i) => point(value, past.length + i)).reverse();
    svg.append(drawn("path", { class: "band", d: `${line([past.at(-1), ...lower], now)}L${back.join("L")}Z` }));
  }
  svg.append(drawn("path", { class: "past", d: line(past, 0) }));
  svg.append(drawn("path", { class: "next", d: line([past.at(-1), ...next], now) }));
  return svg;
}

/**
 * @param {number[][]} steps  shape (timesteps, features)
 * @param {string[]} names  of the features
 */
export function curves(steps, names) {
  const { svg, x, line } = frame("the sequence", steps.flat(), steps.length);
  for (const [i, anchor] of [[0, "start"], [steps.length - 1, "end"]]) {
    svg.append(drawn("text", { x: x(i), y: HEIGHT - BOTTOM / 2, "text-anchor": anchor }, `step ${i + 1}`));
  }
  names.forEach((name, j) => {
    const path = drawn("path", { class: "past", style: `stroke: hsl(${(210 + (360 * j) / names.length) % 360} 70% 50%)` });
    path.append(drawn("title", {}, name));
    path.setAttribute("d", line(steps.map((step) => step[j]), 0));
    svg.append(path);
  });
  return svg;
}

/** An empty chart for values at so many places: its element, and what places them. */
function frame(title, values, count) {
  const ticks = roundValues(values);
  const [low, high] = [ticks[0], ticks.at(-1)];
  const x = (i) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(count - 1, 1);
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - low)) / (high - low);
  const point = (value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`;
  const line = (column, from) => `M${column.map((value, i) => point(value, from + i)).join("L")}`;
  const svg = drawn("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  svg.append(drawn("title", {}, title));
  for (const value of ticks) {
    svg.append(drawn("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
    svg.append(drawn("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, readable(value)));
  }
  return { svg, x, point, line };
}

/** Round values for the lines of a chart, a few, evenly spaced, the first below and the last above all values. */
function roundValues(values) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const rough = (high - low) / 4 || Math.abs(low) / 4 || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => factor * size >= rough);
  const first = Math.floor(low / step);
  const count = Math.max(Math.ceil(high / step) - first, 1);
  return Array.from({ length: count + 1 }, (_, k) => (first + k) * step);
}

function drawn(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(String(text));
  return made;
}
