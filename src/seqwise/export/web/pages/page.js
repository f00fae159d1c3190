/** What the pages share: loading the model, showing what went wrong, and a few elements. */

import { load } from "./seqwise.js";

const status = document.getElementById("status");

/** Load the model, then hand it to the page; what goes wrong is shown under the title. */
export async function start(show) {
  if (!globalThis.tf) {
    say("tf.min.js is missing. Copy node_modules/@tensorflow/tfjs/dist/tf.min.js here (npm install @tensorflow/tfjs).", true);
    return;
  }
  await safely(async () => {
    const model = await load(globalThis.tf);
    const examples = await (await fetch("predictions.json")).json();
    say("");
    await show(model, examples.inputs, document.getElementById("demo"));
  });
}

/** Run what may fail on the user's input. */
export async function safely(work) {
  try {
    await work();
  } catch (error) {
    say(error.message, true);
    if (error.name !== "SeqwiseError") throw error;
  }
}

export function say(text, wrong = false) {
  status.textContent = text;
  status.classList.toggle("error", wrong);
}

/** Call `work` with a field's value now and when it changes; of fast changes the last counts. */
export function live(field, work) {
  let [running, again] = [false, false];
  const run = async () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    field.setAttribute("aria-busy", "true");
    do {
      again = false;
      await safely(async () => {
        const text = await work(field.value);
        say(text ?? "");
      });
    } while (again);
    running = false;
    field.setAttribute("aria-busy", "false");
  };
  field.addEventListener("input", run);
  return run();
}

/** Take a dropped file's text into a field. */
export function droppable(field) {
  field.addEventListener("dragover", (event) => {
    event.preventDefault();
    field.classList.add("over");
  });
  field.addEventListener("dragleave", () => field.classList.remove("over"));
  field.addEventListener("drop", async (event) => {
    event.preventDefault();
    field.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (!file) return;
    field.value = await file.text();
    field.dispatchEvent(new Event("input"));
  });
}

/** Make an element: its attributes, then its children (elements or texts). */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/** A label over a text field. */
export function field(text, value, kind = "", id = "input") {
  const area = element("textarea", { class: kind, spellcheck: "false", id });
  area.value = value;
  return [element("label", { for: id }, text), area];
}

/** A bar for each name, as long as its probability. */
export function bars(names, probabilities) {
  const rows = names.flatMap((name, i) => {
    const percent = `${(100 * probabilities[i]).toFixed(1)} %`;
    const bar = element("div", { class: "bar", style: `width: ${100 * probabilities[i]}%` });
    return [element("span", {}, name), element("div", { class: "track" }, bar), element("span", {}, percent)];
  });
  return element("div", { class: "bars" }, ...rows);
}

/** A number as it is read: few digits, no exponent where it can be helped. */
export function readable(number) {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 5, useGrouping: false }).format(number);
}

/** Words above their tags. */
export function tagged(words, tags) {
  const parts = words.map((word, i) => element("span", {}, element("b", {}, word), element("i", {}, tags[i])));
  return element("div", { class: "words" }, ...parts);
}

/** Steps of numbers, one a line, separated by commas, semicolons, tabs or spaces. */
export function readSteps(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number));
}
