// The page beside a service that is older or newer than it, and with what people and machines can
// be called. It is told what the service tells, changed: the stream is one of the page's own.
//
//   node odd.mjs URL
import assert from 'node:assert/strict';
import {end, open, url} from './browser.mjs';

const answers = await Promise.all(['api/v1/status', 'status'].map((path) => fetch(url + path)));
const status = await answers.find(({ok}) => ok).json();
const page = await open(390, 'light', {}, () => {
  globalThis.fetch = async () => ({
    ok: true,
    body: new ReadableStream({
      start(controller) {
        globalThis.tell = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    }),
  });
});

let time = status.time_ms;
const asText = (sample) =>
  `event: sample\ndata: ${JSON.stringify({...sample, time_ms: (time += 1000)})}\n\n`;
const tell = (...texts) =>
  page.evaluate((list) => list.forEach((text) => globalThis.tell(text)), texts);

// Every field that there is, the first of a list.
function pathsOf(value, path = []) {
  if (value === null || typeof value !== 'object') return [path];
  const keys = Array.isArray(value) ? Object.keys(value).slice(0, 1) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf(value[key], [...path, key]))];
}

function without(path) {
  const sample = structuredClone(status);
  const key = path.at(-1);
  const box = path.slice(0, -1).reduce((value, one) => value[one], sample);
  if (Array.isArray(box)) box.length = 0;
  else delete box[key];
  return sample;
}

const paths = pathsOf(status).filter((path) => path.length > 0);
assert(paths.length > 40);
await tell(...paths.map((path) => asText(without(path))));

// Names that are long, run from right to left, and look like markup; numbers of 15 digits; 50
// replicas, 100 products; fields and events of a version to come.
const name = `<img src=x onerror=alert(1)> "&amp;" שלום ${'x'.repeat(300)}`;
const many = 999999999999999;
const grown = structuredClone(status);
Object.assign(grown, {
  host: name,
  ready: false,
  reason: name,
  remedy: `rs-client ${name}`,
  in_flight: many,
});
grown.newer = {of: ['a', 'version']};
const rows = (first) =>
  Array.from({length: 50}, (_, i) => ({
    ...first,
    id: i + 1,
    host: name,
    trouble: name,
    last_index: many,
    lag: many * (i % 2),
    reads_served: many,
    newer: 1,
  }));
if (grown.workers) grown.workers = rows(grown.workers[0]);
for (const group of grown.groups ?? []) group.replicas = rows(group.replicas[0]);
if (grown.scaling)
  Object.assign(grown.scaling, {reads: many, max_slaves: 50, reads_per_slave: 123456789012345});
if (grown.stock)
  grown.stock = Array.from({length: 100}, (_, i) => ({
    name: `${i}${name}`,
    price: many,
    quantity: many,
  }));
if (grown.purchases) grown.purchases.newer = many;
await tell(asText(grown), asText(grown));
const event = (id, more) =>
  `id: ${id}\nevent: newer\ndata: ${JSON.stringify({id, time_ms: time, reason: name, ...more})}\n\n`;
await tell(
  event(1),
  event(2),
  event(1),
  'data: cut o',
  'ff\n\n',
  event(3, {time_ms: 'never', worker: null}),
);
await page.waitForSelector('#verdict.failed');
await page.waitForSelector('#events li[data-id="3"]');
assert.deepEqual(await page.$$eval('#events li', (items) => items.map((item) => item.dataset.id)), [
  '3',
  '2',
  '1',
]);
assert.equal(await page.evaluate(() => document.images.length), 0);
assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
assert.equal(await page.$$eval('tr[data-id="50"]', (found) => found.length), grown.groups ? 2 : 1);

// An hour later: a gap, and no line through it.
await tell(asText(status), asText(status));
time += 3600000;
await tell(asText(status), asText(status), asText(status));
await page.waitForSelector('#verdict.ready');
await end();
