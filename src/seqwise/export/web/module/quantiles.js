/** Quantiles of distributions, found by halving from their distribution functions. */

const TURNS = 200; // of halving: until nothing changes
const MOST_TERMS = 10_000;

/** Of the normal distribution of mean 0 and standard deviation 1. */
export function normalQuantile(share) {
  return halved(share, normalBelow);
}

/** Of Student's t distribution; the degrees of freedom need not be whole. */
export function studentQuantile(share, freedom) {
  return halved(share, (t) => {
    const tail = incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
    return t > 0 ? 1 - tail : tail;
  });
}

/** Of counts, of this shape (1 / dispersion) and mean: the smallest that is not below the share. */
export function negativeBinomialQuantile(share, shape, mean) {
  const below = (count) => incompleteBeta(shape / (shape + mean), shape, count + 1);
  if (below(0) >= share) return 0;
  let [low, high] = [0, 1];
  while (below(high) < share) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (below(middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

/** The place at which a distribution function, symmetric about 0, reaches a share. */
function halved(share, below) {
  if (share < 0.5) return -halved(1 - share, below);
  let [low, high] = [0, 1];
  while (below(high) < share) high *= 2;
  for (let turn = 0; turn < TURNS && high > low; turn++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (below(middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

/** The normal distribution function, by its series (Abramowitz & Stegun 26.2.11). */
function normalBelow(x) {
  let [term, sum] = [x, x];
  for (let n = 1; n < MOST_TERMS && Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The regularized incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8). */
function incompleteBeta(x, a, b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    [c, d] = [1 + even / c, 1 / (1 + even * d)];
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    [c, d] = [1 + odd / c, 1 / (1 + odd * d)];
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** The logarithm of the gamma function, by Stirling's series from x + 8 on (Abramowitz & Stegun 6.1.41). */
function logGamma(x) {
  let [above, product] = [x, 1];
  for (; above < x + 8; above++) product *= above;
  const series = 1 / (12 * above) - 1 / (360 * above ** 3) + 1 / (1260 * above ** 5) - 1 / (1680 * above ** 7);
  return (above - 0.5) * Math.log(above) - above + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
