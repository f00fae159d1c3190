// Reads jobs (JSON) from standard input, runs them with the @tensorflow/tfjs that Node finds, and writes the results.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import path from 'node:path';
import {runJobs} from './runner.mjs';

async function read(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

const {folders, jobs} = JSON.parse(await read(process.stdin));
let tf = null;
for (const folder of folders) {
  try {
    tf = createRequire(path.join(folder, 'beside.js'))('@tensorflow/tfjs');
    break;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
}
if (tf === null) {
  process.stdout.write(JSON.stringify({missing: true}));
  process.exit(0);
}
await tf.ready();

async function load(file) {
  const {modelTopology, weightsManifest} = JSON.parse(await readFile(file, 'utf8'));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const paths = weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((name) => readFile(path.join(path.dirname(file), name))));
  const all = Buffer.concat(shards);
  const weightData = all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  return tf.loadLayersModel({load: async () => ({modelTopology, weightSpecs, weightData})});
}

process.stdout.write(JSON.stringify(await runJobs(tf, jobs, load)));
