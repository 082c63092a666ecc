// What a person does on the status page of rs-orch where http.ui_actions is on.
//
//   node actions.mjs URL [PICTURES]     PICTURES: a directory for pictures of the page
import assert from 'node:assert/strict';
import {assertFitsAndReads, assertNothingForAxe, end, open, picture} from './browser.mjs';

const page = await open(1280, 'light', {bypassCSP: true});
const told = (words) => page.waitForSelector(`#told span:text-matches("${words}")`);
const button = (call, id) => `button[data-call="${call}"][data-worker="${id}"]`;
const leader = () => page.getAttribute('tr.leader', 'data-id');

// By keyboard: the focus stays where it is while samples come.
const slave = await page.getAttribute('#workers tbody tr:not(.leader)', 'data-id');
await page.focus(button('restart', slave));
await page.keyboard.press('Enter');
await told(`^✓ worker ${slave} was restarted`);
assert.equal(await page.evaluate(() => document.activeElement.dataset.call), 'restart');

await page.click(button('transfer', slave));
await told(`^✓ worker ${slave} is the master`);
await page.waitForSelector(`tr.leader[data-id="${slave}"]`);

// Who is to be killed is named.
const events = await page.$$eval('#events li', (items) => items.length);
await page.click(button('kill', slave));
await assertNothingForAxe(page);
await picture(page, 'actions-kill');
await page.fill('#typed-id', '77');
await page.keyboard.press('Enter');
await told('^nothing was done: .77. is not the id');
await page.click(button('kill', slave));
await page.keyboard.press('Escape');
await page.waitForSelector('dialog', {state: 'detached'});
assert.equal(await page.$$eval('#events li', (items) => items.length), events);
assert.equal(await leader(), slave);
await page.click(button('kill', slave));
await page.fill('#typed-id', slave);
await page.keyboard.press('Enter');
await told(`^✓ worker ${slave} was killed`);
await page.waitForSelector(`#events li:has(strong:text-is("death")):has-text("worker ${slave} ")`);
await page.waitForSelector(`tr.leader:not([data-id="${slave}"])`);

// An error is told as the service words it.
await page.route('**/restart', (route) =>
  route.fulfill({
    status: 409,
    json: {error: {code: 409, message: 'another one is being restarted'}},
  }),
);
await page.click(button('restart', await leader()));
await told('^✗ restart: worker .: another one is being restarted$');
await assertFitsAndReads('actions');
await end();
