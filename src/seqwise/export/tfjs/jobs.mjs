// Runs jobs on layers models that lie in files.
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {runJobs} from './runner.mjs';

export function run(tf, jobs) {
  return runJobs(tf, jobs, (file) => load(tf, file));
}

async function load(tf, file) {
  const {modelTopology, weightsManifest} = JSON.parse(await readFile(file, 'utf8'));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const paths = weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((name) => readFile(path.join(path.dirname(file), name))));
  const all = Buffer.concat(shards);
  const weightData = all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  return tf.loadLayersModel({load: async () => ({modelTopology, weightSpecs, weightData})});
}
