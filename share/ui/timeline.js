// The list of events: the newest ones, in words.
import {element, foreign, scrolling, section, show} from './dom.js';
import {count, ids, iso, when} from './format.js';

const shown = 200;
const bad = new Set(['death', 'trouble', 'loss', 'passive', 'accept_loss']);
const good = new Set(['open', 'trouble_over', 'active']);

function toneOf({event, verdict, status}) {
  if (bad.has(event) || verdict === 'failed' || status >= 300) return 'bad';
  return good.has(event) || verdict === 'passed' ? 'good' : null;
}

function who({worker, replica, pid}) {
  const id = worker ?? replica;
  if (id === undefined) return '';
  return `${worker === undefined ? 'replica' : 'worker'} ${id}${pid ? ` (pid ${pid})` : ''}: `;
}

// What there is beside the reason.
function besides(event) {
  const parts = [];
  if (event.event === 'scale') parts.push(`${event.from} → ${event.to} slaves`);
  if (['role', 'open', 'in_sync'].includes(event.event)) {
    parts.push(`epoch ${event.epoch}`, `in sync ${ids(event.in_sync)}`);
  }
  if (event.event === 'in_sync') parts.unshift(`leader ${event.leader}`);
  if (event.event === 'loss')
    parts.push(`given up ${ids(event.given_up)}`, `goes on with ${event.leader}`);
  if (event.event === 'drill') {
    parts.push(`${event.drill} ${event.verdict}`, ...drillNumbers(event));
  }
  for (const name of ['file', 'rows', 'index', 'bytes', 'workers']) {
    if (event[name] === undefined) continue;
    parts.push(`${name} ${typeof event[name] === 'number' ? count(event[name]) : event[name]}`);
  }
  if (event.status !== undefined) parts.push(`answered ${event.status}`);
  if (event.peer) parts.push(`asked by ${event.peer}`);
  return parts.join(', ');
}

export function drillNumbers({gap_ms: gap, lost, doubled}) {
  return [
    gap === undefined ? null : `no answer for ${count(gap)} ms`,
    lost === undefined ? null : `${count(lost)} lost`,
    doubled === undefined ? null : `${count(doubled)} doubled`,
  ].filter(Boolean);
}

export class Timeline {
  constructor() {
    this.list = element('ol', {id: 'events'});
    this.items = new Map(); // by id: what happened does not change
    this.element = section('timeline', 'Events', scrolling('timeline', this.list));
    this.list.parentElement.classList.add('high');
  }

  show(events, nowMs) {
    const newest = events.slice(-shown).reverse();
    this.items = new Map(
      newest.map((event) => [event.id, this.items.get(event.id) ?? this.itemOf(event, nowMs)]),
    );
    show(
      this.list,
      newest.length === 0
        ? element('li', {class: 'note'}, 'nothing happened yet')
        : [...this.items.values()],
    );
  }

  itemOf(event, nowMs) {
    const more = besides(event);
    return element(
      'li',
      {'data-key': event.id, 'data-id': event.id},
      element('time', {datetime: iso(event.time_ms)}, when(event.time_ms, nowMs)),
      element('strong', {class: toneOf(event)}, event.event),
      element(
        'span',
        {},
        event.group ? element('span', {class: 'tag'}, event.group) : null,
        who(event),
        foreign(event.reason ?? ''),
        more ? element('span', {class: 'note'}, ` – ${more}`) : null,
      ),
    );
  }
}
