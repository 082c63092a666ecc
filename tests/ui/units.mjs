// What the pages work out of samples and events, without a browser; run.sh brings their modules.
import assert from 'node:assert/strict';
import test from 'node:test';
import {between} from './pages/calls.js';
import {Events} from './pages/events.js';
import {failoversIn} from './pages/failovers.js';

const told = (...events) =>
  failoversIn(events.map((event, i) => ({id: i + 1, time_ms: 1000 + i, ...event})));
const role = (leader, epoch, more) => ({event: 'role', leader, epoch, ...more});
const open = (leader, epoch, more) => ({event: 'open', leader, epoch, ...more});
const death = (worker, more) => ({event: 'death', worker, ...more});

test('a failover is from the death to the first write', () => {
  const [one, ...more] = told(role(1, 1), open(1, 1), death(1), role(2, 2), open(2, 2));
  assert.deepEqual(more, []);
  assert.deepEqual(one, {
    key: 3,
    group: undefined,
    from: 1,
    died: 1002,
    chosen: 1003,
    to: 2,
    epoch: 2,
    opened: 1004,
  });
});

test('the first leader, the death of a follower and an epoch that is told again are none', () => {
  assert.deepEqual(told(role(1, 1), open(1, 1), death(2), role(1, 1), open(1, 1)), []);
  assert.deepEqual(told(role(3, 7), open(3, 7)), []);
});

test('one that dies before its first write is followed in the same failover', () => {
  const all = told(role(1, 1), open(1, 1), death(1), role(2, 2), death(2), role(3, 3), open(3, 3));
  assert.equal(all.length, 1);
  assert.deepEqual([all[0].from, all[0].to, all[0].died, all[0].opened], [1, 3, 1002, 1006]);
});

test('a change without a death begins with the choice', () => {
  const [one] = told(role(1, 1), open(1, 1), role(2, 2), open(2, 2));
  assert.deepEqual([one.died, one.chosen, one.opened], [undefined, 1002, 1003]);
});

test('groups do not follow one another', () => {
  const [a, b] = [{group: 'orders'}, {group: 'catalog'}];
  const all = told(role(1, 1, a), role(1, 1, b), death(1, a), role(2, 2, b), role(3, 2, a));
  assert.deepEqual(
    all.map(({group, to}) => [group, to]),
    [
      ['orders', 3],
      ['catalog', 2],
    ],
  );
});

const sample = (seconds, answered, more) => ({
  pid: 1,
  time_ms: 1000 * seconds,
  calls: {
    reads: {answered, failed: 0, us: [0, answered]},
    writes: {answered: 0, failed: 0, us: []},
  },
  ...more,
});

test('rates are those between two samples of one process that are not far apart', () => {
  assert.equal(between(sample(2, 30), sample(1, 10)).reads.rate, 20);
  assert.equal(between(sample(2, 30), sample(1, 10)).writes.p99, null);
  assert.equal(between(sample(2, 30, {pid: 2}), sample(1, 10)), null);
  assert.equal(between(sample(3601, 30), sample(1, 10)), null);
  assert.equal(between(sample(1, 30), sample(2, 10)), null);
  assert.equal(between(sample(2, 30, {calls: undefined}), sample(1, 10)), null);
});

test('events are kept once, in the order of their ids, and not for ever', async () => {
  const shown = await new Promise((resolve) => {
    const events = new Events(resolve);
    for (const id of [3, 1, 2, 3, 1, undefined]) events.add({id});
    for (let id = 4; id <= 5000; id += 1) events.add({id});
    events.add({id: 4990});
  });
  assert.equal(shown.length, 1000);
  assert.deepEqual(
    shown.slice(-2).map(({id}) => id),
    [4999, 5000],
  );
  assert(shown.every(({id}, i) => i === 0 || id > shown[i - 1].id));
});
