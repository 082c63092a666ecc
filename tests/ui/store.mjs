// What a person sees of the status page of the toy store.
//
//   node store.mjs URL [PICTURES]     PICTURES: a directory for pictures of the page
import assert from 'node:assert/strict';
import {
  ask,
  assertComesBack,
  assertFitsAndReads,
  end,
  measured,
  open,
  picture,
} from './browser.mjs';

const page = await open(1280, 'light');
assert.equal(await page.$('button'), null, 'it changes nothing');
await page.waitForSelector('#orders tbody tr[data-id="3"]:has-text("in sync")');

// Sales: four are left of five, which is little, and the page says so in words.
await ask('sell one of five of Ring <b>&amp;');
await page.waitForSelector(
  '#stock tr:has(bdi:text-is("Ring <b>&amp;")):has-text("4"):has-text("low")',
);
await page.waitForSelector('#purchases tr[data-outcome="bought"] td:text-is("1")');
await page.waitForSelector('#same-orders:has-text("yes")');

const row = '#orders tr.leader';
const leader = await page.getAttribute(row, 'data-id');
const pid = (await page.textContent(`${row} td:nth-child(4)`)).trim();
await measured('until the page shows another leader of the orders', async () => {
  await ask(`kill ${pid}`);
  await page.waitForSelector(`${row}:not([data-id="${leader}"])`);
});
await page.waitForSelector(
  `#orders tr.away[data-id="${leader}"] td:text-matches("silent|not running")`,
);
const next = await page.getAttribute(row, 'data-id');
await page.waitForSelector(
  `#events li:has(strong:text-is("role")):has-text("replica ${next} is chosen as leader")`,
);
await page.waitForSelector(`#failovers li:has-text("replica ${leader} → ${next}")`);
await ask(`start order ${leader}`);
await page.waitForSelector(`#orders tr[data-id="${leader}"]:not(.away):has-text("in sync")`);

await ask('stop the orders');
await page.waitForSelector('#verdict.failed:has-text("NOT READY")');
assert.match(await page.title(), /^✗ toy store – not ready/);
await page.waitForSelector('#verdict .remedy code');
await picture(page, 'store-not-ready');
await ask('continue the orders');
await page.waitForSelector('#verdict.ready');

const events = await page.$$eval('#events li', (items) => items.length);
await assertComesBack(page, {
  away: () => ask('kill the front'),
  back: () => ask('start the front'),
  seen: `#events li:nth-child(${events + 1})`,
});
await assertFitsAndReads('store');
await end();
