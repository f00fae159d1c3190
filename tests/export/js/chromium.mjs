// Reads jobs (JSON) from standard input, runs them in headless Chromium as a page of a static server, and writes the
// results, with every message on the console and every request to another host.
import {createReadStream, existsSync} from 'node:fs';
import {createServer} from 'node:http';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const tfjs = path.join(here, 'node_modules/@tensorflow/tfjs/dist/tf.min.js');
const kinds = {'.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json'};
const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="/tf.js"></script>
<script type="module">
import {runJobs} from '/runner.mjs';
window.run = async (jobs, backend) => {
  if (backend) await tf.setBackend(backend);
  await tf.ready();
  return runJobs(tf, jobs, (url) => tf.loadLayersModel(url));
};
</script>`;

let text = '';
for await (const part of process.stdin) text += part;
const {root, runner, browser: executablePath, backend, jobs} = JSON.parse(text);

const server = createServer((request, response) => {
  const url = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  if (url === '/') {
    response.writeHead(200, {'content-type': 'text/html'}).end(page);
    return;
  }
  const files = {'/tf.js': tfjs, '/runner.mjs': runner};
  const file = files[url] ?? path.join(root, path.normalize(url));
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {'content-type': kinds[path.extname(file)] ?? 'application/octet-stream'});
  createReadStream(file).pipe(response);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage', '--no-zygote'],
  timeout: 300_000,
});
try {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(300_000);
  const messages = [];
  const elsewhere = [];
  tab.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`));
  tab.on('pageerror', (error) => messages.push(`error: ${error.message}`));
  tab.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:')) elsewhere.push(request.url());
  });
  await tab.goto(address);
  await tab.waitForFunction(() => window.run !== undefined);
  const result = await tab.evaluate(([given, name]) => window.run(given, name), [jobs, backend]);
  process.stdout.write(JSON.stringify({...result, messages, elsewhere}));
} finally {
  await browser.close();
  server.close();
}
