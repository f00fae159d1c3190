/** Words, and under each the tag that the model gives it. */

import { element, field, live, start, tagged } from "./page.js";

start(async (model, examples, demo) => {
  const [label, area] = field("Type a sentence", examples[0].join(" "));
  const result = element("div", { id: "result" });
  demo.append(label, area, result);
  await live(area, async (text) => {
    const tokens = text.match(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu) ?? [];
    if (!tokens.length) {
      result.replaceChildren();
      return;
    }
    const [tags] = await model.predict([tokens]);
    result.replaceChildren(tagged(tokens, tags));
  });
});
