// What a person sees of the status page of rs-orch.
//
//   node page.mjs URL [PICTURES]     PICTURES: a directory for pictures of the page
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
const leader = await page.getAttribute('tr.leader', 'data-id');
await measured('until the page shows another master', async () => {
  await ask('kill the master');
  await page.waitForSelector(`tr.leader:not([data-id="${leader}"])`);
});
// The failover is one bar, with both of its phases in words.
await page.waitForSelector('#failovers li .phases .first');
await page.waitForSelector('#failovers .phases .second');
assert.match(await page.textContent('#failovers li'), /death → chosen \+\d+ ms → open \+\d+ ms/);
assert.match(await page.textContent('#failovers li'), new RegExp(`worker ${leader} died`));
await page.waitForSelector(`#events li:has(strong:text-is("death")):has-text("worker ${leader} ")`);

await ask('one more slave');
await page.waitForSelector('#events li:has(strong:text-is("scale")):has-text("1 → 2 slaves")');
await page.waitForSelector('#pool:has-text("2 slaves wanted, 2 there")');

await ask('stop the workers');
await page.waitForSelector('#verdict.failed:has-text("NOT READY")');
await page.waitForSelector('tr.away:has-text("silent")');
assert.match(await page.title(), /^✗ .*not ready/);
assert.match(await page.getAttribute('link[rel=icon]', 'href'), /icon-failed/);
await page.waitForSelector('#verdict .remedy code:text-matches("^(rs-client|kill) ")');
await picture(page, 'orch-not-ready');
await ask('continue the workers');
await page.waitForSelector('#verdict.ready');

await assertComesBack(page, {
  away: () => ask('kill rs-orch'),
  back: () => ask('start rs-orch'),
  seen: '#events strong:text-is("adopt")',
});
await assertFitsAndReads('orch');
await end();
