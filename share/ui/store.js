// The status page of the toy store: ts-front.
import {failedIn} from './calls.js';
import {Cache} from './cache.js';
import {callCharts} from './charts.js';
import {element} from './dom.js';
import {count, ids, inMs, rate} from './format.js';
import {start} from './page.js';
import {perSecond, Purchases} from './purchases.js';
import {Replicas} from './replicas.js';
import {Stock} from './stock.js';

const noun = {leader: 'leader', follower: 'follower', replica: 'replica'};
const groupOf = ({groups}, name) => (groups ?? []).find(({group}) => group === name);

// The replicas of one group, and what keeps it from being ready.
class Group {
  constructor(name, title, columns) {
    this.name = name;
    this.seen = new Set(); // nobody leaves a group of the store: one that is gone has died
    this.replicas = new Replicas(name, title, noun, columns);
    this.element = this.replicas.element;
    this.trouble = element('p', {class: 'bad'});
    this.replicas.summary.after(this.trouble);
  }

  show(sample) {
    const group = groupOf(sample, this.name) ?? {};
    for (const {id} of group.replicas ?? []) this.seen.add(id);
    this.replicas.show({
      rows: group.replicas,
      record: group.record,
      nowMs: sample.time_ms,
      expected: [...this.seen],
    });
    const why = group.reason || 'it does not say why';
    const said = String(sample.reason ?? '').includes(why); // above, of the whole store
    this.trouble.textContent = group.ready === false ? `not ready${said ? '' : `: ${why}`}` : '';
  }
}

class Orders extends Group {
  constructor() {
    super('orders', 'Orders', [
      {title: 'orders', number: true, cell: (row) => count(row.orders)},
      {title: 'open', number: true, cell: (row) => count(row.open)},
      {
        title: 'digest',
        cell: ({digest}) => (digest ? element('code', {title: digest}, digest.slice(0, 8)) : '–'),
      },
    ]);
    this.same = element('p', {id: 'same-orders'});
    this.trouble.after(this.same);
  }

  show(sample) {
    super.show(sample);
    const [word, tone] = {true: ['✓ yes', 'good'], false: ['✗ no: their digests differ', 'bad']}[
      sample.same_orders
    ] ?? ['not known: no two that answer have the same number', null];
    this.same.replaceChildren(
      'all replicas hold the same orders: ',
      element('strong', tone ? {class: tone} : {}, word),
    );
  }
}

function leaderOf(sample, name) {
  const group = groupOf(sample, name);
  const record = group?.record;
  const title = `leader of ${name}`;
  if (!record) return [title, 'none', 'bad wide'];
  const value = [
    `replica ${record.leader}`,
    element('small', {}, `epoch ${record.epoch}, in sync ${ids(record.in_sync)}`),
  ];
  return [title, value, group.ready === false ? 'bad wide' : 'wide'];
}

// Calls without an answer, of both groups.
function waiting({groups}) {
  return (groups ?? []).reduce((sum, {in_flight: calls}) => sum + calls, 0);
}

start({
  stream: 'events',
  name: () => 'toy store',
  fine: 'the store sells',
  noun,
  facts: (sample, calls, before) => [
    leaderOf(sample, 'orders'),
    leaderOf(sample, 'catalog'),
    ['purchases/s', rate(perSecond(sample, before, 'bought'))],
    ['queries/s', rate(calls?.reads.rate)],
    ['p99 of changes', inMs(calls?.writes.p99)],
    ['open intents', count(sample.open_intents)],
    ['failed/s', rate(failedIn(calls)), failedIn(calls) > 0 ? 'bad' : null],
    ['unanswered', count(waiting(sample))],
  ],
  tables: [
    new Orders(),
    new Group('catalog', 'Catalog', [
      {title: 'products', number: true, cell: (row) => count(row.products ?? row.toys)},
    ]),
  ],
  panels: [[new Stock()], [new Purchases(), new Cache()]],
  charts: callCharts('queries', 'changes'),
});
