// A headless Chromium that looks at a status page, for the scenarios of page.bats. They ask for
// what is to be done on standard output, a line each, and are answered with a line.
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import readline from 'node:readline';
import {chromium} from 'playwright-core';

const answers = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const complaints = [];

export const [url, pictures] = process.argv.slice(2);

// The answer.
export async function ask(what) {
  console.log(what);
  const {value, done} = await answers.next();
  assert(!done, `nobody did it: ${what}`);
  return value;
}

// How long it took until the page showed something; it is told, and nothing depends on it.
export async function measured(what, work) {
  const began = performance.now();
  await work();
  await ask(`measured ${what}: ${Math.round(performance.now() - began)} ms`);
}

// `before` runs in the page before its own scripts; then it is not waited for what it shows.
export async function open(width, colorScheme, options = {}, before = undefined) {
  const context = await browser.newContext({
    viewport: {width, height: 900},
    colorScheme,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A stream that breaks is told there, too, and what is refused.
    if (message.type() === 'error' && !/ERR_|status of 409/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`);
  });
  if (before !== undefined) await page.addInitScript(before);
  await page.goto(url);
  if (before !== undefined) return page;
  await page.waitForSelector('body:not(.stale) #verdict.ready');
  // Rates come with the second sample.
  await page.waitForSelector('#facts div:has(dt:text-is("failed/s")) dd:text-matches("[0-9]")');
  await page.waitForSelector('#events li[data-id]');
  return page;
}

export async function picture(page, name) {
  if (pictures) await page.screenshot({path: `${pictures}/${name}.png`, fullPage: true});
}

// The events that are shown: each once, the newest first.
export async function assertEventsOnce(page) {
  const ids = await page.$$eval('#events li', (items) =>
    items.map((item) => Number(item.dataset.id)),
  );
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => b - a),
  );
}

// While the service is away the page says so, and that nothing is known; it comes back by itself.
export async function assertComesBack(page, {away, back, seen}) {
  await page.evaluate(() => {
    window.loadedOnce = true;
  });
  await away();
  await page.waitForSelector('body.stale #verdict.unknown');
  await page.waitForSelector('#stream:text-matches("no news for \\\\d+ s")');
  assert.match(await page.title(), /^\? /);
  assert.match(await page.getAttribute('link[rel=icon]', 'href'), /icon-unknown/);
  await back();
  await page.waitForSelector('body:not(.stale) #verdict.ready');
  await page.waitForSelector(seen);
  assert.equal(await page.evaluate(() => window.loadedOnce), true);
  await assertEventsOnce(page);
}

// Tab goes from the link to the state through all that scrolls, and every place shows the focus.
async function walk(page) {
  const wanted = await page.$$eval('a.skip, .scrolls, .chart, button', (places) => places.length);
  const reached = new Set();
  await page.focus('body');
  for (let i = 0; i < wanted; i += 1) {
    await page.keyboard.press('Tab');
    const place = await page.evaluate(() => {
      const at = document.activeElement;
      const {outlineStyle, outlineWidth} = getComputedStyle(at);
      return {
        name:
          at.className +
          (at.getAttribute('aria-label') ?? at.getAttribute('aria-labelledby') ?? ''),
        outline: outlineStyle !== 'none' && outlineWidth !== '0px',
      };
    });
    assert(place.outline, `the focus is not seen: ${place.name}`);
    reached.add(place.name);
  }
  assert.equal(reached.size, wanted, `reached by keyboard: ${[...reached].join(', ')}`);
  await page.focus('.scrolls');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('.scrolls').scrollLeft > 0);
  await page.focus('.chart');
  await page.keyboard.press('ArrowLeft');
  await page.waitForSelector(
    '.chart .u-legend .u-value:text-matches("\\\\d\\\\d:\\\\d\\\\d:\\\\d\\\\d")',
  );
}

// REQUIRES: the page was opened with bypassCSP.
export async function assertNothingForAxe(page) {
  await page.addScriptTag({path: axe});
  const {violations} = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(
    violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]),
    [],
  );
}

// Wide and narrow, light and dark: nothing is cut off, nothing for axe to find, all by keyboard.
export async function assertFitsAndReads(name) {
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(width, colorScheme, {bypassCSP: true});
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await picture(page, `${name}-${width}-${colorScheme}`);
      await assertNothingForAxe(page);
      if (width === 390) await walk(page);
      await page.context().close();
    }
  }
}

export async function end() {
  assert.deepEqual(complaints, []);
  await browser.close();
  process.exit(0);
}
