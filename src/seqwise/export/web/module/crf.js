/** A conditional random field: the tags of a sequence chosen together. The same rules as in Python. */

const LEAST = 1e-30; // a probability that rounds to 0 would bar a tag for ever

const emissionsOf = (steps) => steps.map((step) => step.map((p) => Math.log(Math.max(p, LEAST))));

/**
 * Return the tags of the highest score, as numbers.
 *
 * @param {number[][]} steps  of each step the probability of each tag by itself
 * @param {{start: number[], between: number[][]}} transitions  what a tag adds to the score of those beside it
 * @returns {number[]}
 */
export function viterbi(steps, { start, between }) {
  const [first, ...rest] = emissionsOf(steps);
  let best = first.map((emission, tag) => start[tag] + emission);
  const origins = [];
  for (const step of rest) {
    const ways = step.map((_, tag) => best.map((score, before) => score + between[before][tag]));
    const origin = ways.map(argmax);
    origins.push(origin);
    best = step.map((emission, tag) => ways[tag][origin[tag]] + emission);
  }
  const tags = [argmax(best)];
  for (const origin of origins.reverse()) tags.unshift(origin[tags[0]]);
  return tags;
}

/** Return the probability of each tag at each step, given the whole sequence. */
export function marginals(steps, { start, between }) {
  const emissions = emissionsOf(steps);
  const before = [emissions[0].map((emission, tag) => start[tag] + emission)];
  for (const step of emissions.slice(1)) {
    const last = before.at(-1);
    before.push(step.map((emission, tag) => emission + logSum(last.map((score, from) => score + between[from][tag]))));
  }
  const after = [emissions[0].map(() => 0)];
  for (const step of emissions.slice(1).reverse()) {
    const next = after[0];
    after.unshift(between.map((row) => logSum(row.map((score, tag) => score + step[tag] + next[tag]))));
  }
  return before.map((scores, t) => {
    const joint = scores.map((score, tag) => score + after[t][tag]);
    const total = logSum(joint);
    return joint.map((score) => Math.exp(score - total));
  });
}

const argmax = (values) => values.indexOf(Math.max(...values));

function logSum(scores) {
  const top = Math.max(...scores);
  return top + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
}
