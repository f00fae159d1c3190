// Reads a question (JSON) from standard input, and writes what `run(tf, asked)` of a script returns. @tensorflow/tfjs is
// the one that Node finds from the folders named on.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const parts = [];
for await (const part of process.stdin) parts.push(part);
const { folders, script, asked } = JSON.parse(Buffer.concat(parts).toString("utf8"));

let tf = null;
for (const folder of folders) {
  try {
    tf = createRequire(path.join(folder, "beside.js"))("@tensorflow/tfjs");
    break;
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  }
}
if (tf === null) {
  process.stdout.write(JSON.stringify({ missing: true }));
} else {
  await tf.ready();
  const { run } = await import(pathToFileURL(script));
  process.stdout.write(JSON.stringify(await run(tf, asked)));
}
