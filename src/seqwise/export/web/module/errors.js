/** What is wrong with the input or with the exported files, and what to do. */
export class SeqwiseError extends Error {
  name = "SeqwiseError";
}
