// Serves exported folders, opens each page in headless Chromium, uses it, and writes what is seen: the result's text, the
// console's messages, requests to another host. A step: {fill}, {ahead}, {drop}, {select}, {wait: a text} or {picture: a file}.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { chromium } from "playwright-core";

const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };

let text = "";
for await (const part of process.stdin) text += part;
const { root, browser: executablePath, visits } = JSON.parse(text);

const server = createServer((request, response) => {
  const asked = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  const file = path.join(root, path.normalize(asked), asked.endsWith("/") ? "index.html" : "");
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": kinds[path.extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const address = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage", "--no-zygote"],
  timeout: 300_000,
});
const results = [];
try {
  for (const { folder, steps } of visits) {
    const tab = await browser.newPage({ viewport: { width: 760, height: 640 } });
    tab.setDefaultTimeout(300_000);
    const [messages, elsewhere] = [[], []];
    tab.on("console", (message) => message.type() === "error" && messages.push(message.text()));
    tab.on("pageerror", (error) => messages.push(error.message));
    tab.on("request", (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith("data:")) elsewhere.push(request.url());
    });
    await tab.goto(`${address}${folder}/`);
    await tab.waitForFunction(() => document.getElementById("result")?.textContent);
    const seen = [];
    const look = async () => {
      await tab.waitForSelector('#input[aria-busy="false"]');
      seen.push(await tab.innerText("#result"));
    };
    await look();
    for (const step of steps) {
      if (step.fill !== undefined) await tab.fill("#input", step.fill);
      if (step.ahead !== undefined) await tab.fill("#ahead", step.ahead);
      if (step.select !== undefined) await tab.selectOption("select", step.select);
      if (step.drop !== undefined) {
        const data = await tab.evaluateHandle((content) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], "rows.csv", { type: "text/csv" }));
          return transfer;
        }, step.drop);
        await tab.dispatchEvent("#input", "drop", { dataTransfer: data });
      }
      if (step.wait !== undefined) await tab.waitForFunction((part) => document.body.innerText.includes(part), step.wait);
      if (step.picture !== undefined) await tab.locator("body").screenshot({ path: step.picture });
      await look();
    }
    results.push({ folder, seen, messages, elsewhere, status: await tab.innerText("#status") });
    await tab.close();
  }
  process.stdout.write(JSON.stringify(results));
} finally {
  await browser.close();
  server.close();
}
