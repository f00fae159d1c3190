// Runs TensorFlow.js layers models on given inputs; the same code in Node and in a browser.

const TYPES = {float32: Float32Array, int32: Int32Array, bool: Uint8Array};

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function textOf(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

export function toTensor(tf, {shape, dtype, data}) {
  return tf.tensor(new TYPES[dtype](bytesOf(data).buffer), shape, dtype);
}

async function fromTensor(tensor) {
  const values = await tensor.data();
  const data = textOf(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return {shape: tensor.shape, dtype: tensor.dtype, data};
}

// One job: a model, and inputs for it, one after another: a stateful model keeps its state from one to the next.
async function runJob(tf, job, load) {
  const model = await load(job.model);
  if (job.fit) return fitJob(tf, model, job.fit);
  const outputs = [];
  for (const feeds of job.calls) {
    const inputs = feeds.map((feed) => toTensor(tf, feed));
    const result = model.predictOnBatch(inputs.length === 1 ? inputs[0] : inputs);
    const tensors = Array.isArray(result) ? result : [result];
    outputs.push(await Promise.all(tensors.map(fromTensor)));
    tf.dispose([inputs, result]);
  }
  model.dispose();
  return {outputs};
}

// Trains on, without shuffling, and returns the loss of each epoch and of the trained model.
async function fitJob(tf, model, {x, y, optimizer, learningRate, loss, batchSize, epochs}) {
  const inputs = x.map((feed) => toTensor(tf, feed));
  const targets = toTensor(tf, y);
  model.compile({optimizer: tf.train[optimizer](learningRate), loss});
  const feed = inputs.length === 1 ? inputs[0] : inputs;
  const history = await model.fit(feed, targets, {batchSize, epochs, shuffle: false, verbose: 0});
  const after = model.evaluate(feed, targets, {batchSize, verbose: 0});
  return {losses: history.history.loss, after: (await after.data())[0]};
}

// Every job by itself: where one fails, its message comes back in the place of its outputs.
export async function runJobs(tf, jobs, load) {
  const results = [];
  for (const job of jobs) {
    try {
      results.push(await runJob(tf, job, load));
    } catch (error) {
      results.push({error: String(error && error.message ? error.message : error), stack: error.stack});
    }
  }
  return {version: tf.version_core, backend: tf.getBackend(), results};
}
