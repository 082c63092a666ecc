// What happened: a list of the newest events, and each failover as one bar of two phases, from the
// death of the master until another one is chosen, and until that takes writes.
import {clock, element, milliseconds} from './format.js';

const shownEvents = 200;
const shownFailovers = 12;

export class Timeline {
  constructor(events, failovers) {
    this.events = events;
    this.failovers = failovers;
    this.leader = 0;
    this.died = null; // the death of the leader that nobody has followed yet
  }

  add(event) {
    this.events.prepend(element('li', {'data-id': event.id},
      element('time', {datetime: new Date(event.time_ms).toISOString()}, clock(event.time_ms)),
      element('strong', {}, event.event),
      element('span', {}, this.reasonOf(event))));
    while (this.events.children.length > shownEvents) this.events.lastChild.remove();
    this.follow(event);
  }

  reasonOf(event) {
    const pid = event.pid === undefined ? '' : ` (pid ${event.pid})`;
    const worker = event.worker === undefined ? '' : `worker ${event.worker}${pid}: `;
    return worker + event.reason;
  }

  follow(event) {
    if (event.event === 'death' && event.worker === this.leader) this.died = event;
    if (event.event === 'role') {
      if (this.died !== null) this.died.chosen_ms = event.time_ms;
      this.leader = event.leader;
    }
    if (event.event === 'open' && this.died?.chosen_ms !== undefined) {
      this.show(this.died, event);
      this.died = null;
    }
  }

  show(death, open) {
    const chosen = death.chosen_ms - death.time_ms;
    const all = open.time_ms - death.time_ms;
    const part = (ms) => ({width: `${Math.max(2, (100 * ms) / Math.max(all, 1))}%`});
    const text = `master ${death.worker} died, ${open.leader} was chosen after ` +
      `${milliseconds(chosen)} ms and took writes after ${milliseconds(all)} ms`;
    this.failovers.prepend(element('li', {},
      element('time', {datetime: new Date(death.time_ms).toISOString()}, clock(death.time_ms)),
      ` ${text}`,
      element('div', {class: 'phases', 'aria-hidden': 'true'},
        element('span', {style: part(chosen)}), element('span', {style: part(all - chosen)}))));
    while (this.failovers.children.length > shownFailovers) this.failovers.lastChild.remove();
  }
}
