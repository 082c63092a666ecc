// Drills that were run against the service, with what came out.
import {element, foreign, section, show} from './dom.js';
import {iso, when} from './format.js';
import {drillNumbers} from './timeline.js';

const shown = 12;

export class Drills {
  constructor() {
    this.list = element('ol', {id: 'drills'});
    this.element = section('drills', 'Drills', this.list);
  }

  show(events, nowMs) {
    const all = events
      .filter(({event}) => event === 'drill')
      .slice(-shown)
      .reverse();
    show(
      this.list,
      all.length === 0
        ? element(
            'li',
            {class: 'note'},
            'none was run: ',
            element('code', {}, 'rs-client drill kill-master'),
          )
        : all.map((event) => this.itemOf(event, nowMs)),
    );
  }

  itemOf(event, nowMs) {
    const passed = event.verdict === 'passed';
    return element(
      'li',
      {'data-key': event.id},
      element('time', {datetime: iso(event.time_ms)}, when(event.time_ms, nowMs)),
      element(
        'strong',
        {class: passed ? 'good' : 'bad'},
        `${passed ? '✓' : '✗'} ${event.drill ?? ''} ${event.verdict ?? ''}`,
      ),
      ` ${drillNumbers(event).join(', ')} `,
      element('span', {class: 'note'}, foreign(event.reason ?? '')),
    );
  }
}
