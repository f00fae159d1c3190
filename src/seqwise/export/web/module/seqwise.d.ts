/** Types of seqwise.js: a trained Seqwise model in JavaScript. */

/** TensorFlow.js: what `import * as tf from "@tensorflow/tfjs"` gives, or the global `tf` of its script. */
export type TensorFlow = object;

/** A number, a text that reads as one, or a word of a column of words; null, "" and "NA" are missing values. */
export type Value = number | string | boolean | null;

/** A row of a table: an object by column; the columns' values in their order, without times; or the only value. */
export type Row = Record<string, Value | Date> | Value[] | number;

/** A step of a sequence: its features in order, an object by feature, or the only one. */
export type Step = number | ArrayLike<number> | Record<string, number>;

export type Label = string | number | boolean;

/** What is wrong with the input or with the exported files, and what to do. */
export class SeqwiseError extends Error {}

/** Load the model that lies in a folder (by default that of this file): its pipeline.json and its networks. */
export function load(tf: TensorFlow, folder?: string | URL): Promise<Model>;

export type Model = Forecaster | Classifier | Regressor | Tagger | Translator;

/** A regular series, its gaps filled. */
export interface Series {
  /** Shape (rows, columns), the targets first; a column of words is a column of 0 and 1 for each of them. */
  readonly values: number[][];
  /** False where a value was filled; null where none was. */
  readonly observed: boolean[][] | null;
  /** The time of each row. */
  readonly times: (string | number)[];
  /** Of one of many series what its column holds; else null. */
  readonly name: string | number | null;
  /** What was found and repaired, one sentence each. */
  readonly notes: string[];
}

declare class Base {
  /** Free the memory of the networks. */
  dispose(): void;
}

/** How to forecast: rows to come, where columns are known in advance; intervals in percent; shares of quantiles. */
export interface ForecastOptions {
  future?: Row[];
  level?: number[];
  quantiles?: number[];
}

export class Forecaster extends Base {
  /** Rows that the model reads, and rows that it forecasts. */
  readonly window: number;
  readonly horizon: number;
  /** Columns of a table that it reads, the targets first; the targets; those that are known in advance. */
  readonly columns: string[];
  readonly targets: string[];
  readonly future: string[];
  /** The time column(s), and of many series the column that names them. */
  readonly time: string | string[] | null;
  readonly series: string | null;
  /** The column of a forecast that holds its times. */
  readonly forecastTime: string;
  /** Levels of intervals, in percent; with a distribution any other will do, too. */
  readonly levels: number[];
  /** The last rows that it was trained on; with many series those of each. */
  readonly context: Series | Series[];
  /** Read rows as a regular series, or as many: sorted, gaps filled by the rule of the training. */
  read(rows: Row[]): Series | Series[];
  /** The rows to come, to fill in what is known in advance: they hold what the last rows held. */
  rowsAhead(rows?: Series | Series[] | Row[]): Record<string, number | string>[];
  /** Forecast the rows after the end of each series, by column: its name, the time, targets, and bounds such as y-lo-80. */
  predict(rows?: Series | Series[] | Row[], options?: ForecastOptions): Promise<Record<string, number | string>[]>;
}

export class Classifier extends Base {
  readonly classes: Label[];
  /** The probability of each class, shape (samples, classes). */
  predictProba(sequences: Step[][] | string[]): Promise<number[][]>;
  /** The class of each sequence or text; if each can have several labels, the list of them, or zeros and ones. */
  predict(sequences: Step[][] | string[]): Promise<Label[] | Label[][]>;
}

export class Regressor extends Base {
  readonly targets: string[];
  /** The number of each sequence or text, or its numbers. */
  predict(sequences: Step[][] | string[]): Promise<number[] | number[][]>;
}

export class Tagger extends Base {
  readonly classes: Label[];
  /** The probability of each tag, for each sequence of shape (timesteps, tags). */
  predictProba(sequences: Step[][] | string[][]): Promise<number[][][]>;
  /** The tag of each step, or of each token of a list. */
  predict(sequences: Step[][] | string[][]): Promise<Label[][]>;
}

export class Translator extends Base {
  /** Translate texts; `beam`: hypotheses that are followed at once, 1 is greedy. */
  predict(texts: string[], options?: { beam?: number }): Promise<string[]>;
}
