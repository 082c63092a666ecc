// The status page of rs-orch.
import {Actions} from './actions.js';
import {failedIn} from './calls.js';
import {callCharts} from './charts.js';
import {Drills} from './drills.js';
import {count, ids, inMs, rate} from './format.js';
import {start} from './page.js';
import {Pool} from './pool.js';
import {Replicas} from './replicas.js';

const noun = {leader: 'master', follower: 'slave', replica: 'worker'};
const workers = new Replicas('workers', 'Workers', noun, [
  {title: 'reads', number: true, cell: (row) => count(row.reads_served)},
]);
const actions = new Actions(workers);

start({
  stream: 'api/v1/events',
  name: ({group}) => group ?? 'database',
  fine: 'the master takes writes',
  noun,
  facts: (sample, calls) => [
    [
      'master',
      sample.record ? `worker ${sample.record.leader}` : 'none',
      sample.record ? null : 'bad',
    ],
    ['epoch', sample.record?.epoch ?? '–'],
    ['in sync', ids(sample.record?.in_sync)],
    ['reads/s', rate(calls?.reads.rate)],
    ['writes/s', rate(calls?.writes.rate)],
    ['p99 of writes', inMs(calls?.writes.p99)],
    ['failed/s', rate(failedIn(calls)), failedIn(calls) > 0 ? 'bad' : null],
    ['unanswered', count(sample.in_flight)],
  ],
  tables: [
    {
      element: workers.element,
      show: (sample) =>
        workers.show({
          rows: sample.workers,
          record: sample.record,
          nowMs: sample.time_ms,
          more: actions.columns(sample),
        }),
    },
  ],
  panels: [[new Pool()]],
  charts: callCharts('reads', 'writes'),
  extra: [new Drills()],
});
