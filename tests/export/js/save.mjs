// Builds models with TensorFlow.js, saves each as model.save does, and writes what it gives for fixed inputs.
import {mkdir, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import path from 'node:path';

const tf = createRequire(import.meta.url)('@tensorflow/tfjs');
const [root] = process.argv.slice(2);

const models = {
  lstm: () => tf.sequential({
    layers: [
      tf.layers.lstm({units: 4, inputShape: [null, 3], returnSequences: true}),  // hardSigmoid by default
      tf.layers.lstm({units: 3, recurrentActivation: 'sigmoid', useBias: false}),
      tf.layers.dense({units: 2, activation: 'hardSigmoid'}),
    ],
  }),
  gru_and_both: () => tf.sequential({
    layers: [
      tf.layers.masking({maskValue: 0, inputShape: [null, 3]}),
      tf.layers.gru({units: 4, returnSequences: true}),
      tf.layers.bidirectional({layer: tf.layers.lstm({units: 3, returnSequences: true}), mergeMode: 'sum'}),
      tf.layers.timeDistributed({layer: tf.layers.dense({units: 2, activation: 'swish'})}),
      tf.layers.simpleRNN({units: 2, kernelRegularizer: 'l1l2'}),
    ],
  }),
  convolution: () => tf.sequential({
    layers: [
      tf.layers.conv1d({filters: 4, kernelSize: 3, activation: 'relu', padding: 'same', inputShape: [6, 3]}),
      tf.layers.batchNormalization({}), tf.layers.layerNormalization({}), tf.layers.leakyReLU({alpha: 0.1}),
      tf.layers.maxPooling1d({poolSize: 2}), tf.layers.prelu({}), tf.layers.flatten(), tf.layers.dropout({rate: 0.2}),
      tf.layers.dense({units: 3}), tf.layers.activation({activation: 'hardSigmoid'}),
    ],
  }),
  encoder_decoder: () => {
    const source = tf.input({shape: [null, 3]});
    const target = tf.input({shape: [null, 3]});
    const encoder = tf.layers.lstm({units: 4, returnState: true, recurrentActivation: 'sigmoid'});
    const [, h, c] = encoder.apply(source);
    const decoder = tf.layers.lstm({units: 4, returnSequences: true, recurrentActivation: 'sigmoid'});
    const shared = tf.layers.dense({units: 3});
    const decoded = decoder.apply([target, h, c]);
    const outputs = tf.layers.concatenate({}).apply([shared.apply(decoded), shared.apply(tf.layers.dense({units: 4}).apply(target))]);
    return tf.model({inputs: [source, target], outputs});
  },
  shared_model: () => {
    const inner = tf.sequential({layers: [tf.layers.lstm({units: 4, inputShape: [null, 3]}), tf.layers.dense({units: 3})]});
    const reader = tf.sequential({layers: [inner, tf.layers.dense({units: 2, activation: 'tanh'})]});
    const one = tf.input({shape: [null, 3]});
    const other = tf.input({shape: [null, 3]});
    const both = tf.layers.concatenate({}).apply([reader.apply(one), reader.apply(other)]);
    return tf.model({inputs: [one, other], outputs: tf.layers.dense({units: 1}).apply(both)});
  },
  mask_into_a_model: () => {
    const inner = tf.sequential({layers: [tf.layers.lstm({units: 4, inputShape: [null, 3]})]});
    const source = tf.input({shape: [null, 3]});
    return tf.model({inputs: source, outputs: inner.apply(tf.layers.masking({maskValue: 0}).apply(source))});
  },
};

const shapes = {convolution: [2, 6, 3]};
for (const [name, build] of Object.entries(models)) {
  const model = build();
  model.setWeights(model.getWeights().map((w) => tf.randomUniform(w.shape, 0.1, 0.9, 'float32', 7)));
  const folder = path.join(root, name);
  await mkdir(folder);
  await model.save(tf.io.withSaveHandler(async ({modelTopology, weightSpecs, weightData, format, generatedBy}) => {
    const weightsManifest = [{paths: ['./weights.bin'], weights: weightSpecs}];
    const content = {modelTopology, format, generatedBy, convertedBy: null, weightsManifest};
    await writeFile(path.join(folder, 'model.json'), JSON.stringify(content));
    await writeFile(path.join(folder, 'weights.bin'), Buffer.from(weightData));
    return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
  }));
  const inputs = model.inputs.map((_, i) => tf.randomNormal(shapes[name] ?? [2, 5, 3], 0, 1, 'float32', 11 + i));
  const outputs = model.predictOnBatch(inputs.length === 1 ? inputs[0] : inputs);
  const plain = (t) => ({shape: t.shape, values: Array.from(t.dataSync())});
  await writeFile(path.join(folder, 'expected.json'), JSON.stringify({inputs: inputs.map(plain), output: plain(outputs)}));
}
