// Runs parts of the exported JavaScript module on cases from standard input, and writes what they give.
import { pathToFileURL } from "node:url";

const parts = [];
for await (const part of process.stdin) parts.push(part);
const { module, tokens = [], series = [], searches = [], loads = [], quantiles = [] } = JSON.parse(Buffer.concat(parts).toString("utf8"));
const base = pathToFileURL(`${module}/`);
const { Tokenizer, PADDING, UNKNOWN, START, END } = await import(new URL("tokens.js", base));
const { SeriesReader } = await import(new URL("series.js", base));
const found = await import(new URL("quantiles.js", base));
const { beamSearch } = await import(new URL("search.js", base));
const { load } = await import(new URL("seqwise.js", base));

const outcome = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
};

process.stdout.write(
  JSON.stringify({
    tokens: tokens.map(({ saved, texts }) => {
      const tokenizer = new Tokenizer(saved);
      const ids = tokenizer.encode(texts);
      return { ids, texts: ids.map((one) => tokenizer.decode(one)) };
    }),
    series: await Promise.all(
      series.map(({ rows, training, targets, ahead, future }) =>
        outcome(() => {
          const reader = new SeriesReader(training, targets);
          const all = [reader.read(rows)].flat().map((one) => {
            const { values, observed, notes, name, index } = one;
            const known = reader.covariates.ahead ? reader.ahead(one, ahead, future) : null;
            return { values, observed, notes, name, known, times: index.range(values.length, ahead), visible: one.visible() };
          });
          return training.column === null ? all[0] : all;
        }),
      ),
    ),
    searches: await Promise.all(
      // a decoder that is a table: logits by state and last token
      searches.map(({ table, limit, beam, lengthPenalty }) => {
        const step = async (last, states) => ({
          logits: last.map((token, r) => table[states[r]][token]),
          states: last.map((token, r) => (states[r] + token + 1) % table.length),
        });
        return beamSearch(step, 0, { limit, beam, lengthPenalty, PADDING, UNKNOWN, START, END });
      }),
    ),
    quantiles: quantiles.map(([name, ...numbers]) => found[name](...numbers)),
    loads: await Promise.all(
      loads.map((folder) => outcome(() => load({}, pathToFileURL(`${folder}/`)).then(() => "loaded"))),
    ),
  }),
);
