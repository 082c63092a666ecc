// The status page of rs-orch: it shows what /api/v1/events tells, and asks for nothing else.
import {between} from './calls.js';
import {Charts} from './charts.js';
import {age, element, milliseconds, rate} from './format.js';
import {showPool} from './pool.js';
import {listen} from './stream.js';
import {Timeline} from './timeline.js';
import {showWorkers} from './workers.js';

const byId = (id) => document.getElementById(id);
const timeline = new Timeline(byId('events'), byId('failovers'));
const charts = new Charts(byId('rates'), byId('latency'));
let before = null;
let verdict = '';

function showVerdict({ready, reason, warning}) {
  const words = ready ? ['READY', warning] : ['NOT READY', reason];
  const text = words.join(' ');
  if (text === verdict) return; // it is read out where it changes
  verdict = text;
  byId('verdict').className = !ready ? 'failed' : warning ? 'warned' : 'ready';
  byId('verdict').replaceChildren(element('p', {}, element('strong', {}, words[0]),
    words[1] || 'the master takes writes'));
}

function showFacts({record, active, host, pid, in_flight: waiting}, calls) {
  const facts = [
    ['master', record === null ? 'none' : `worker ${record.leader}`],
    ['epoch', record?.epoch ?? '–'],
    ['in sync', record?.in_sync.join(', ') ?? '–'],
    ['reads / s', calls ? rate(calls.reads.rate) : '–'],
    ['writes / s', calls ? rate(calls.writes.rate) : '–'],
    ['p99 of writes', calls ? `${milliseconds(calls.writes.p99)} ms` : '–'],
    ['unanswered', waiting],
    ['told by', `${host}, pid ${pid}${active ? '' : ', which waits'}`],
  ];
  byId('facts').replaceChildren(...facts.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

function showNow(calls) {
  if (!calls) return;
  const {reads, writes} = calls;
  byId('rates-now').textContent = `${rate(reads.rate)} reads, ${rate(writes.rate)} writes a second; ` +
    `${reads.failed + writes.failed} failed in the last one`;
  byId('latency-now').textContent =
    `reads p50 ${milliseconds(reads.p50)}, p99 ${milliseconds(reads.p99)}; ` +
    `writes p50 ${milliseconds(writes.p50)}, p99 ${milliseconds(writes.p99)}`;
}

listen({
  onSample(sample) {
    const calls = between(sample, before);
    before = sample;
    byId('group').textContent = sample.group;
    document.title = `${sample.ready ? '' : '✗ '}${sample.group} – tandem`;
    showVerdict(sample);
    showFacts(sample, calls);
    showWorkers(byId('workers').tBodies[0], sample.workers, sample.time_ms);
    showPool(byId('pool'), sample.scaling);
    showNow(calls);
    charts.add(sample.time_ms, calls, sample.record?.epoch);
  },
  onEvent: (event) => timeline.add(event),
  onAlive(alive, silentMs) {
    document.body.classList.toggle('stale', !alive);
    byId('stream').textContent = alive ? 'live'
      : silentMs === null ? 'connecting' : `no news for ${age(silentMs)}`;
  },
});
