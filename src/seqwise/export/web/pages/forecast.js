/** A chart of a series and its forecast: of the training data, or of a table that is pasted or dropped. */

import { chart } from "./chart.js";
import { droppable, element, field, live, readable, start } from "./page.js";

start(async (model, _, demo) => {
  const result = element("div", { id: "result" });
  const level = model.levels.includes(80) && model.levels.includes(95) ? [80, 95] : [];
  const columns = [model.series ?? [], model.time ?? [], model.columns].flat().join(", ");
  const [label, area] = field(`Paste a CSV or drop one here, with the columns ${columns}; empty: the training data`, "", "data");
  droppable(area);
  let all = [model.context].flat();

  const chosen = element("select", { id: "series" });
  const offer = () => {
    const before = chosen.value;
    chosen.replaceChildren(...all.map(({ name }) => element("option", {}, name)));
    if (all.some(({ name }) => String(name) === before)) chosen.value = before;
  };
  chosen.addEventListener("change", () => area.dispatchEvent(new Event("input")));
  offer();
  if (model.series !== null) demo.append(element("label", { for: "series" }, model.series), chosen);
  demo.append(result, label, area);

  const known = `What is known of the rows to come: ${model.future.join(", ")}. They hold what the last rows held; put in your own`;
  const [aheadLabel, ahead] = field(known, "", "data", "ahead");
  let filledFor = "";
  if (model.future.length) demo.append(aheadLabel, ahead);
  ahead.addEventListener("input", () => area.dispatchEvent(new Event("input")));

  await live(area, async (text) => {
    all = [text.trim() ? model.read(readCsv(text, model.columns)) : model.context].flat();
    offer();
    const series = all[Math.max(chosen.selectedIndex, 0)];
    const shown = `${series.name} ${series.times.at(-1)}`;
    if (model.future.length && filledFor !== shown) {
      ahead.value = writeCsv(model.rowsAhead(series));
      filledFor = shown;
    }
    const options = model.future.length ? { level, future: readCsv(ahead.value, model.future) } : { level };
    const forecast = await model.predict(series, options);
    const time = model.forecastTime;
    const charts = model.targets.map((name, j) => chart(series, forecast, { name, j, time, level }));
    result.replaceChildren(...charts, table(forecast, model.targets, time, level));
    const count = model.series === null ? "" : `, of ${all.length} series`;
    return `${series.values.length} rows read${count}, ${forecast.length} forecast. ${series.notes.join(" ")}`;
  });
});

/** Read a CSV as objects by column; numbers without a header line as arrays. Quotes may hold commas and line breaks. */
function readCsv(text, columns) {
  const first = text.split("\n", 1)[0];
  const separator = [",", ";", "\t"].sort((a, b) => first.split(b).length - first.split(a).length)[0];
  const lines = parse(text.replace(/^\uFEFF/, ""), separator).filter((cells) => cells.some((cell) => cell.trim()));
  if (!lines.length) return [];
  const names = lines[0].map((name) => name.trim());
  const numbers = names.every((name) => name !== "" && Number.isFinite(Number(name)));
  if (numbers && !columns.every((name) => names.includes(name))) return lines;
  return lines.slice(1).map((cells) => Object.fromEntries(names.map((name, j) => [name, cells[j] ?? ""])));
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

function writeCsv(rows) {
  const quoted = (value) => (/[",;\t\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const lines = [Object.keys(rows[0]), ...rows.map(Object.values)];
  return lines.map((cells) => cells.map(quoted).join(",")).join("\n");
}

function table(forecast, targets, time, level) {
  const columns = targets.flatMap((name) => [
    [name, (row) => readable(row[name])],
    ...level.map((l) => [`${l} %`, (row) => `${readable(row[`${name}-lo-${l}`])} to ${readable(row[`${name}-hi-${l}`])}`]),
  ]);
  const head = element("tr", {}, element("th", {}, time), ...columns.map(([name]) => element("th", {}, name)));
  const rows = forecast.map((row) => {
    const cells = columns.map(([, tell]) => element("td", {}, tell(row)));
    return element("tr", {}, element("td", {}, row[time]), ...cells);
  });
  return element("table", {}, head, ...rows);
}
