/** Beam search: which tokens a translation holds. The same rules as in Python, for one sentence. */

const NEVER = -1e30; // the log-probability of what may not be

/**
 * Find the tokens of the highest score that `beam` hypotheses at a time lead to.
 *
 * A hypothesis that is complete keeps its place and the others go on in the places left (Bahdanau et al. 2015). The
 * complete one with the highest log-probability / length^lengthPenalty wins. Padding, start and unknown tokens are
 * never chosen.
 *
 * @param {(last: number[], states: any[]) => Promise<{logits: Float32Array[], states: any[]}>} step  the decoder: the
 *   last token and the state of each hypothesis → its logits and its new state
 * @param {any} state  before the first step
 * @param {{limit: number, beam: number, lengthPenalty: number, PADDING: number, UNKNOWN: number, START: number,
 *   END: number}} options  limit: tokens of a hypothesis at most
 * @returns {Promise<number[]>} the tokens of the best hypothesis, the end token too
 */
export async function beamSearch(step, state, { limit, beam, lengthPenalty, PADDING, UNKNOWN, START, END }) {
  const never = new Set([PADDING, UNKNOWN, START]);
  const score = (logp, length) => logp / Math.max(length, 1) ** lengthPenalty;
  // all hypotheses are the same at first: one counts
  let hypotheses = Array.from({ length: beam }, (_, k) => ({
    tokens: [], logp: k === 0 ? 0 : NEVER, complete: false, state,
  }));

  // whether one can still overtake the best that is complete: further tokens can only lower its log-probability
  const goesOn = () => {
    const complete = hypotheses.filter((h) => h.complete).map((h) => score(h.logp, h.tokens.length));
    const best = Math.max(NEVER, ...complete);
    return hypotheses.some((h) => !h.complete && score(h.logp, limit) > best);
  };

  for (let i = 0; i < limit && goesOn(); i++) {
    const { logits, states } = await step(
      hypotheses.map((h) => (i === 0 ? START : h.complete ? PADDING : h.tokens.at(-1))),
      hypotheses.map((h) => h.state),
    );
    const next = hypotheses.filter((h) => h.complete).slice(0, beam);
    const ways = hypotheses.flatMap((h, k) => (h.complete ? [] : best(logSoftmax(logits[k], never), beam, h, states[k])));
    ways.sort((a, b) => b.logp - a.logp); // stable: of equals the first
    for (const { from, token, logp, state } of ways.slice(0, beam - next.length)) {
      next.push({ tokens: [...from.tokens, token], logp, complete: token === END && logp > NEVER / 2, state });
    }
    hypotheses = next;
  }
  const complete = hypotheses.filter((h) => h.complete);
  const among = complete.length ? complete : hypotheses;
  const scores = among.map((h) => score(h.logp, h.tokens.length));
  return among[scores.indexOf(Math.max(...scores))].tokens;
}

/** The `count` most probable ways on of a hypothesis. */
function best(logp, count, from, state) {
  const order = Array.from(logp.keys()).sort((a, b) => logp[b] - logp[a]);
  return order.slice(0, count).map((token) => ({ from, token, logp: from.logp + logp[token], state }));
}

/** log(softmax(logits)); what may not be chosen has next to no probability. */
function logSoftmax(logits, never) {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  return Float64Array.from(logits, (logit, id) => (never.has(id) ? NEVER : logit - top - Math.log(total)));
}
