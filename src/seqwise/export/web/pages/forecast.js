/** A chart of a series and its forecast: of the training data, or of a table that is pasted or dropped. */

import { droppable, element, field, live, readable, start } from "./page.js";

const [WIDTH, HEIGHT, MARGIN] = [880, 300, 60];
const MOST_PAST = 200; // rows of the past that are drawn

start(async (model, examples, demo) => {
  const result = element("div", { id: "result" });
  const columns = [model.time ?? [], model.columns].flat().join(", ");
  const [label, area] = field(`Paste a CSV or drop one here, with the columns ${columns}; empty: the training data`, "", "data");
  demo.append(result, label, area);
  droppable(area);
  await live(area, async (text) => {
    const series = text.trim() ? model.read(readCsv(text)) : model.context;
    const forecast = await model.predict(series);
    result.replaceChildren(...model.targets.map((name, j) => chart(series, forecast, name, j)), table(forecast));
    return `${series.values.length} rows read, ${forecast.length} forecast. ${series.notes.join(" ")}`;
  });
});

/** Read a CSV with a header line as objects by column; quotes may hold commas and line breaks. */
function readCsv(text) {
  const first = text.split("\n", 1)[0];
  const separator = [",", ";", "\t"].sort((a, b) => first.split(b).length - first.split(a).length)[0];
  const [names, ...lines] = parse(text.replace(/^\uFEFF/, ""), separator);
  return lines
    .filter((cells) => cells.some((cell) => cell.trim()))
    .map((cells) => Object.fromEntries(names.map((name, j) => [name.trim(), cells[j] ?? ""])));
}

function parse(text, separator) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const [character, row] = [text[i], rows.at(-1)];
    if (quoted) {
      if (character !== '"') row[row.length - 1] += character;
      else if (text[i + 1] === '"') row[row.length - 1] += text[i++];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === separator) row.push("");
    else if (character === "\n") rows.push([""]);
    else if (character !== "\r") row[row.length - 1] += character;
  }
  return rows;
}

function chart(series, forecast, name, j) {
  const past = series.values.map((row) => row[j]).slice(-MOST_PAST);
  const next = forecast.map((row) => row[name]);
  const all = [...past, ...next];
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = (i) => MARGIN + ((WIDTH - 2 * MARGIN) * i) / (all.length - 1);
  const y = (value) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (value - low)) / (high - low);
  const line = (values, from) => values.map((value, i) => `${i ? "L" : "M"}${x(from + i).toFixed(1)},${y(value).toFixed(1)}`).join("");
  const svg = drawn("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  svg.append(drawn("title", {}, `${name} and its forecast`));
  for (let k = 0; k <= 4; k++) {
    const value = low + ((high - low) * k) / 4;
    svg.append(drawn("line", { class: "grid", x1: MARGIN, x2: WIDTH - MARGIN, y1: y(value), y2: y(value) }));
    svg.append(drawn("text", { x: MARGIN - 6, y: y(value) + 4, "text-anchor": "end" }, readable(value)));
  }
  const times = [...series.times.slice(-MOST_PAST), ...forecast.map((row) => Object.values(row)[0])];
  const now = past.length - 1;
  const apart = x(all.length - 1) - x(now) > 120; // so that the two texts do not meet
  for (const [i, anchor] of [[0, "start"], ...(apart ? [[now, "middle"]] : []), [all.length - 1, "end"]]) {
    svg.append(drawn("text", { x: x(i), y: HEIGHT - MARGIN / 2, "text-anchor": anchor }, times[i]));
  }
  svg.append(drawn("text", { x: MARGIN, y: MARGIN / 2 }, name));
  svg.append(drawn("path", { class: "past", d: line(past, 0) }));
  svg.append(drawn("path", { class: "next", d: line([past.at(-1), ...next], past.length - 1) }));
  return svg;
}

function drawn(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(String(text));
  return made;
}

function table(forecast) {
  const names = Object.keys(forecast[0]);
  const head = element("tr", {}, ...names.map((name) => element("th", {}, name)));
  const rows = forecast.map((row) => {
    const cells = names.map((name, k) => element("td", {}, k ? readable(row[name]) : row[name]));
    return element("tr", {}, ...cells);
  });
  return element("table", {}, head, ...rows);
}
