/** Forecasts: from rows to what follows them, and how sure that is. */

import { SeqwiseError } from "./errors.js";
import { Distribution, PastErrors, boundsOf } from "./intervals.js";
import { BATCH, Model, chunks } from "./model.js";
import { PanelScaler, Scaler } from "./scaling.js";
import { Series, SeriesReader } from "./series.js";

const USUAL_LEVELS = [80, 95]; // of intervals, in percent

/** Forecasts the rows after the end of a series, or of each of many. */
export class Forecaster extends Model {
  constructor(tf, pipeline, networks) {
    super(tf, pipeline, networks);
    const { input, target, series, intervals } = pipeline;
    this.window = input.window;
    this.horizon = target.horizon;
    this.features = input.columns.length;
    this.targets = target.names;
    this.reader = new SeriesReader(series, target.names);
    this.columns = this.reader.columns;
    this.time = series.time;
    this.series = series.column;
    this.future = this.reader.covariates.future;
    this.scaler = this.series === null ? new Scaler(input.scaler) : new PanelScaler(input.scaler);
    this.distribution = target.distribution && new Distribution(target.distribution);
    this.intervals = intervals && new PastErrors(intervals);
    this.context = series.context.map((stored) => this.reader.stored(stored));
    if (this.series === null) [this.context] = this.context;
  }

  /** The column of a forecast that holds its times. */
  get forecastTime() {
    return this.time === null ? "step" : typeof this.time === "string" ? this.time : "time";
  }

  /** The levels of intervals that there are, in percent: of a distribution any, of which these are usual. */
  get levels() {
    return this.distribution ? USUAL_LEVELS : (this.intervals?.levels ?? []);
  }

  /**
   * Read rows as a regular series: sorted, its gaps filled by the rule of the training.
   *
   * @param {object[] | number[][] | number[]} rows  objects by column; or arrays of the columns' values, in their
   *   order, without times; or the values of the only column
   * @returns {Series | Series[]} of many series each
   */
  read(rows) {
    return this.reader.read(rows);
  }

  /** The rows to come, with the columns that are known in advance: to fill in. They hold what the last rows held. */
  rowsAhead(rows) {
    return this.#known(rows).flatMap((series) => this.reader.rowsAhead(series, this.horizon));
  }

  /**
   * Forecast the rows after the end of a series, or of each of many.
   *
   * @param {Series | Series[] | object[] | number[][] | number[]} [rows]  as for `read`; left out: the training data
   * @param {{future?: object[], level?: number[], quantiles?: number[]}} [options]  future: rows to come, where columns
   *   are known in advance; level: of intervals, in percent; quantiles: shares between 0 and 1
   * @returns {Promise<object[]>} one object a row: of many series its name, the time (`step` where rows are only
   *   numbered), each target, and the bounds `y-lo-80`, `y-hi-80` or quantiles `y-q-0.1`
   */
  async predict(rows, { future, level = [], quantiles = [] } = {}) {
    const all = this.#known(rows);
    if (future && !this.future.length) {
      throw new SeqwiseError("The model reads no column that is known in advance: leave future out.");
    }
    const wanted = boundsOf(level, quantiles, this.distribution ?? this.intervals);
    const windows = all.map((series) => this.#prepare(series, future));
    const forecasts = [];
    for (const chosen of chunks(windows, BATCH)) {
      const [{ values }] = await this.run(this.networks.model, this.#batch(chosen));
      const size = values.length / chosen.length;
      chosen.forEach((one, k) => forecasts.push(this.#finish(one, values.slice(k * size, (k + 1) * size), wanted)));
    }
    const ahead = all.flatMap((series) => series.index.steps(series.values.length, this.horizon));
    const times = this.reader.index.texts(ahead);
    return forecasts.flatMap((steps, s) =>
      steps.map((row, step) => ({
        ...(this.series === null ? {} : { [this.series]: all[s].name }),
        [this.forecastTime]: times[s * this.horizon + step],
        ...row,
      })),
    );
  }

  #known(rows) {
    if (rows === undefined) return [this.context].flat();
    return [rows instanceof Series || rows?.[0] instanceof Series ? rows : this.read(rows)].flat();
  }

  /** The last window of a series as the network takes it; of one of many that is shorter its beginning is hidden. */
  #prepare(series, future) {
    const { window, reader } = this;
    const count = series.values.length;
    if (count < window && this.series === null) {
      throw new SeqwiseError(
        `There are ${count} usable rows, but the model reads ${window} (its window): bring ${window - count} more.`,
      );
    }
    const scaler = this.series === null ? this.scaler : this.scaler.of(series.name, series.values);
    const rows = scaler.transform(series.values.slice(-window));
    const visible = series.visible().slice(-window);
    while (rows.length < window) {
      rows.unshift(rows[0]);
      visible.unshift(false);
    }
    const ahead = reader.covariates.ahead ? scaler.transformLast(reader.ahead(series, this.horizon, future)) : [];
    // where the forecast begins, counted from the end of the training's data
    const later = this.series === null ? count - this.#end(series) : 0;
    return { rows, visible, ahead, scaler, later };
  }

  /** The place of the end of the training's data in a series. */
  #end(series) {
    const { context } = this;
    return context.values.length - Math.floor(context.index.position(series.index.start));
  }

  #batch(chosen) {
    const [samples, { window, features, horizon }] = [chosen.length, this];
    const known = chosen[0].ahead[0]?.length ?? 0;
    return {
      window: { values: Float32Array.from(chosen.flatMap(({ rows }) => rows.flat())), shape: [samples, window, features] },
      visible: { values: chosen.flatMap(({ visible }) => visible.map(Number)), shape: [samples, window] },
      future: { values: Float32Array.from(chosen.flatMap(({ ahead }) => ahead.flat())), shape: [samples, horizon, known] },
    };
  }

  /** Return each step's forecast and its bounds, by column, in the data's own units. */
  #finish({ rows, scaler, later }, outputs, wanted) {
    const { targets, distribution } = this;
    const size = distribution?.parameters ?? 1;
    const last = chunks(outputs, targets.length * size).slice(-this.horizon); // of a forecast at every step: the last's
    const past = targets.map((_, j) => deviation(rows.map((row) => row[j])));
    return last.map((step, k) => {
      const raw = chunks(step, size);
      const named = (tell) => scaler.inverse(targets.map((_, j) => tell(raw[j], j)));
      const told = {};
      const put = (suffix, values) => values.forEach((value, j) => (told[targets[j] + suffix] = value));
      put("", named((numbers, j) => (distribution ? distribution.forecast(numbers, j) : numbers[0])));
      for (const [suffix, bound] of wanted) {
        put(suffix, named((numbers, j) => bound(numbers, j, { step: k, spread: past[j], later })));
      }
      return told;
    });
  }
}

/** The standard deviation of numbers. */
function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
