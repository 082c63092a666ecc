// Each change of a leader as one bar: from the death of the one that led to the choice of another
// one, and on to its first write. They are found in the events.
import {element, section, show} from './dom.js';
import {iso, span, when} from './format.js';

const shown = 12;

// In the order of time: {key, group, from, to, epoch, died, chosen, opened}, the last three in ms
// since 1970: undefined where it did not come to that, or nobody saw it.
export function failoversIn(events) {
  const found = [];
  const groups = new Map();
  const groupOf = (name) => {
    if (!groups.has(name)) groups.set(name, {leader: undefined, epoch: undefined, pending: null});
    return groups.get(name);
  };
  for (const event of events) {
    const group = groupOf(event.group ?? '');
    const begin = (parts) => {
      group.pending = {key: event.id, group: event.group, from: group.leader, ...parts};
      found.push(group.pending);
    };
    const id = event.worker ?? event.replica;
    if (event.event === 'death' && id === group.leader && id !== undefined) {
      // One that was chosen and died before it took writes: the same failover goes on.
      if (group.pending === null) begin({died: event.time_ms});
    } else if (event.event === 'role') {
      // A service that starts tells the epoch that there is.
      if (group.epoch !== undefined && event.epoch > group.epoch) {
        if (group.pending === null) begin({});
        Object.assign(group.pending, {chosen: event.time_ms, to: event.leader, epoch: event.epoch});
      }
    } else if (event.event === 'open' && group.pending?.chosen !== undefined) {
      group.pending.opened = event.time_ms;
      group.pending = null;
    }
    if (['role', 'in_sync', 'open'].includes(event.event)) {
      group.leader = event.leader;
      group.epoch = event.epoch;
    }
  }
  return found;
}

const begun = ({died, chosen}) => died ?? chosen;
const lasted = (failover) =>
  (failover.opened ?? failover.chosen ?? begun(failover)) - begun(failover);

export class Failovers {
  constructor(noun) {
    this.noun = noun;
    this.list = element('ol', {id: 'failovers'});
    const legend = element(
      'p',
      {class: 'note legend'},
      element('span', {class: 'swatch first'}),
      'until another is chosen ',
      element('span', {class: 'swatch second'}),
      'until it takes writes',
    );
    this.element = section('failovers', 'Failovers', legend, this.list);
  }

  show(events, nowMs) {
    const all = failoversIn(events).slice(-shown).reverse();
    const longest = Math.max(1, ...all.map(lasted));
    show(
      this.list,
      all.length === 0
        ? element('li', {class: 'note'}, 'none in the events that are kept')
        : all.map((failover) => this.itemOf(failover, longest, nowMs)),
    );
  }

  itemOf(failover, longest, nowMs) {
    const {key, group, died, chosen, opened} = failover;
    const wide = (from, to) => ({width: `${(100 * Math.max(0, to - from)) / longest}%`});
    const phases = [];
    if (died !== undefined && chosen !== undefined)
      phases.push(element('span', {class: 'first', style: wide(died, chosen)}));
    if (opened !== undefined)
      phases.push(element('span', {class: 'second', style: wide(chosen, opened)}));
    return element(
      'li',
      {'data-key': key},
      element(
        'p',
        {},
        element('time', {datetime: iso(begun(failover))}, when(begun(failover), nowMs)),
        group ? element('span', {class: 'tag'}, group) : null,
        element('strong', {}, this.phasesOf(failover)),
        element('span', {class: 'note'}, ` ${this.whoOf(failover)}`),
      ),
      element('div', {class: 'phases', 'aria-hidden': 'true'}, ...phases),
    );
  }

  phasesOf({died, chosen, opened}) {
    const after = (ms) => (died === undefined ? '' : ` +${span(ms - died)}`);
    return [
      died === undefined ? null : 'death',
      chosen === undefined ? 'nobody is chosen yet' : `chosen${after(chosen)}`,
      opened !== undefined
        ? `open +${span(opened - (died ?? chosen))}`
        : chosen === undefined
          ? null
          : 'not open yet',
    ]
      .filter(Boolean)
      .join(' → ');
  }

  whoOf({from, to, epoch, died}) {
    const {leader, replica} = this.noun;
    if (to === undefined) return `${leader} ${from} died`;
    const why = died === undefined ? 'no death was seen' : `${replica} ${from} died`;
    return `${replica} ${from} → ${to}, epoch ${epoch}; ${why}`;
  }
}
