/** A sequence of numbers, pasted or dropped, and its class, number or tags. */

import { curves } from "./chart.js";
import { bars, droppable, element, field, live, readable, readSteps, start, tagged } from "./page.js";

start(async (model, examples, demo) => {
  const features = model.columns.length;
  const hint = features === 1 ? "one number a line" : `a step a line, ${features} numbers each: ${model.columns.join(", ")}`;
  const text = examples[0].map((step) => [step].flat().map(readable).join(", ")).join("\n");
  const [label, area] = field(`Paste a sequence, or drop a file: ${hint}`, text, "data");
  const result = element("div", { id: "result" });
  demo.append(label, area, result);
  droppable(area);
  await live(area, async (value) => {
    const sequence = readSteps(value);
    result.replaceChildren(...(await shown(model, sequence)), curves(sequence, model.columns));
    return `${sequence.length} steps`;
  });
});

async function shown(model, sequence) {
  const [prediction] = await model.predict([sequence]);
  if (!model.predictProba) {
    return [prediction].flat().map((number, j) => element("p", { class: "prediction" }, `${model.targets[j]}: ${readable(number)}`));
  }
  const [probabilities] = await model.predictProba([sequence]);
  if (Array.isArray(probabilities[0])) {
    return [tagged(sequence.map((step) => step.map(readable).join(" ")), prediction)]; // a tag for each step
  }
  return [bars(model.classes, probabilities)];
}
