/** What all models share. */

export const BATCH = 64; // sequences that run at once

/** A pipeline, and its networks. */
export class Model {
  constructor(tf, pipeline, networks) {
    this.tf = tf;
    this.pipeline = pipeline;
    this.networks = networks;
  }

  /**
   * Run a network on a batch.
   *
   * @param {object} network  a tf.LayersModel
   * @param {Object<string, {values: ArrayLike<number>, shape: number[]}>} inputs  by the names of the network's inputs
   * @returns {Promise<{values: Float32Array, shape: number[]}[]>} its outputs, in their order
   */
  async run(network, inputs) {
    const { tf } = this;
    const outputs = tf.tidy(() => {
      const tensors = network.inputs.map((input, i) => {
        const { values, shape } = inputs[network.inputNames[i]];
        return tf.tensor(values, shape, input.dtype);
      });
      return [network.predictOnBatch(tensors.length > 1 ? tensors : tensors[0])].flat();
    });
    const read = await Promise.all(outputs.map(async (t) => ({ values: await t.data(), shape: t.shape })));
    tf.dispose(outputs);
    return read;
  }

  /** Free the memory of the networks. */
  dispose() {
    for (const network of Object.values(this.networks)) network.dispose();
  }
}

/** Parts of an array of this size, the last one shorter. */
export function chunks(array, size) {
  return Array.from({ length: Math.ceil(array.length / size) }, (_, k) => array.slice(k * size, (k + 1) * size));
}
