// What a person sees of the status page of rs-orch, in headless Chromium. tests/bats/page.bats starts
// the database, and does what is asked for on standard output, a line each; it answers with a line.
//
//   node page.mjs URL [PICTURES]     PICTURES: a directory for pictures of the page
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import readline from 'node:readline';
import {chromium} from 'playwright-core';

const [url, pictures] = process.argv.slice(2);
const answers = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

async function ask(what) {
  console.log(what);
  const {done} = await answers.next();
  assert(!done, `nobody did it: ${what}`);
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
const complaints = [];

async function open(width, colorScheme, options = {}) {
  const context = await browser.newContext({viewport: {width, height: 900}, colorScheme, ...options});
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A stream that breaks is told there, too.
    if (message.type() === 'error' && !message.text().includes('ERR_')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector('#verdict.ready');
  await page.waitForSelector('body:not(.stale) #rates-now:not(:empty)');
  return page;
}

async function picture(page, name) {
  if (pictures) await page.screenshot({path: `${pictures}/${name}.png`, fullPage: true});
}

const eventIds = (page) =>
  page.$$eval('#events li', (items) => items.map((item) => Number(item.dataset.id)));

const page = await open(1280, 'light');
const leader = await page.getAttribute('tr.leader', 'data-worker');
await ask('kill the master');
// Another row is marked, and the failover is one bar.
await page.waitForSelector(`tr.leader:not([data-worker="${leader}"])`);
await page.waitForSelector('#failovers li .phases');
assert.match(await page.textContent('#failovers li'), new RegExp(`master ${leader} died`));

// The service is another process, and the page goes on without a reload and tells no event twice.
await page.evaluate(() => { window.loadedOnce = true; });
await ask('kill rs-orch');
await page.waitForSelector('body.stale');
await ask('start rs-orch');
await page.waitForSelector('body:not(.stale)');
await page.waitForSelector('#events strong:text-is("adopt")');
assert.equal(await page.evaluate(() => window.loadedOnce), true);
const ids = await eventIds(page);
assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => b - a), 'each once, the newest first');
await picture(page, 'wide');

const narrow = await open(390, 'light');
assert.equal(await narrow.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
await picture(narrow, 'narrow');
const dark = await open(1280, 'dark');
await picture(dark, 'dark');

for (const colorScheme of ['light', 'dark']) {
  const examined = await open(1280, colorScheme, {bypassCSP: true});
  await examined.addScriptTag({path: axe});
  const {violations} = await examined.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]), []);
}
assert.deepEqual(complaints, []);
await browser.close();
process.exit(0);
