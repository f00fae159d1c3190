/** A text, and its translation while it is typed: the best of a few that are followed at once. */

import { element, field, live, start } from "./page.js";

start(async (model, examples, demo) => {
  const [label, area] = field("Type a text, one sentence a line", examples[0]);
  const beam = element("select", { id: "beam" });
  for (const width of [1, 3, 5, 10]) beam.append(element("option", { value: width }, width === 1 ? "1 (greedy)" : width));
  beam.value = String([1, 3, 5, 10].find((width) => width >= model.pipeline.search.beam) ?? 5);
  const result = element("div", { id: "result" });
  demo.append(label, area, element("label", { for: "beam" }, "Translations followed at once"), beam, result);
  beam.addEventListener("change", () => area.dispatchEvent(new Event("input")));
  await live(area, async (text) => {
    const translations = await model.predict(text.split("\n"), { beam: Number(beam.value) });
    result.replaceChildren(...translations.map((line) => element("p", { class: "prediction" }, line)));
  });
});
