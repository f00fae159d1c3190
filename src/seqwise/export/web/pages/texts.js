/** A text box with what the model says of the text, while it is typed. */

import { bars, element, field, live, readable, start } from "./page.js";

start(async (model, examples, demo) => {
  const [label, area] = field("Type a text", examples[0]);
  const result = element("div", { id: "result" });
  demo.append(label, area, result);
  await live(area, async (text) => {
    if (model.predictProba) {
      const [probabilities] = await model.predictProba([text]);
      result.replaceChildren(bars(model.classes, probabilities));
      return;
    }
    const numbers = (await model.predict([text])).flat();
    const rows = numbers.map((number, j) => element("p", { class: "prediction" }, `${model.targets[j]}: ${readable(number)}`));
    result.replaceChildren(...rows);
  });
});
