// How many slaves there are to be, by the reads of the present window: a box for as many reads as
// one slave is there for, with the threshold at its end.
import {element, section, show} from './dom.js';
import {age, count, plural, short} from './format.js';

const mostBoxes = 12;

export class Pool {
  constructor() {
    this.box = element('div', {id: 'pool'});
    this.element = section('scaling', 'Scaling', this.box);
  }

  show({scaling, workers}) {
    if (!scaling) return show(this.box, element('p', {class: 'note'}, 'not told'));
    const {
      reads,
      reads_per_slave: each,
      slaves_wanted: wanted,
      min_slaves: least,
      max_slaves: most,
    } = scaling;
    const slaves = (workers ?? []).filter(({role}) => role === 'slave').length;
    const due = Math.min(most, Math.max(least, Math.ceil(reads / each)));
    return show(
      this.box,
      element(
        'p',
        {},
        element('strong', {}, plural(wanted, 'slave')),
        ` wanted, ${count(slaves)} there, ` + `${least} to ${most} allowed`,
      ),
      this.readsOf(reads, each, most),
      element(
        'p',
        {class: 'note'},
        `${count(reads)} ${reads === 1 ? 'read' : 'reads'} in this window, ` +
          `${count(each)} a slave: were it over now, ${plural(due, 'slave')} would be wanted`,
      ),
      ...this.windowOf(scaling),
    );
  }

  readsOf(reads, each, most) {
    const boxes = [];
    for (let i = 0; i < Math.min(most, mostBoxes); i += 1) {
      const full = Math.min(1, Math.max(0, (reads - i * each) / each));
      boxes.push(
        element(
          'div',
          {},
          element('div', {class: 'track'}, element('span', {style: {width: `${100 * full}%`}})),
          element('span', {class: 'threshold'}, short((i + 1) * each)),
        ),
      );
    }
    return element(
      'div',
      {
        class: 'steps',
        role: 'img',
        'aria-label': `${count(reads)} reads; a further slave at each ${count(each)}`,
      },
      ...boxes,
    );
  }

  windowOf({window_ms: all, window_left_ms: left}) {
    if (left === null || left === undefined) {
      return [element('p', {class: 'note'}, 'no window is open: the next read begins one')];
    }
    const gone = all > 0 ? Math.min(1, Math.max(0, 1 - left / all)) : 0;
    return [
      element('p', {class: 'note'}, `${age(left)} left of the window of ${age(all)}`),
      element(
        'div',
        {class: 'track', 'aria-hidden': 'true'},
        element('span', {class: 'time', style: {width: `${100 * gone}%`}}),
      ),
    ];
  }
}
