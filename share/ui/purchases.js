// What became of those who wanted to buy.
import {secondsBetween} from './calls.js';
import {element, scrolling, section, show} from './dom.js';
import {count, plural, rate} from './format.js';

const outcomes = [
  ['bought', 'bought'],
  ['out_of_stock', 'out of stock'],
  ['not_found', 'no such product'],
  ['refused', 'refused: no purchase that could be made'],
  ['unavailable', 'unavailable: nothing was done'],
  ['unknown', 'not known whether it was done'],
];

// How many of an outcome there were in each second between two samples; null where not known.
export function perSecond(now, before, outcome) {
  const seconds = secondsBetween(now, before);
  const [last, first] = [now.purchases?.[outcome], before?.purchases?.[outcome]];
  return seconds === null || last === undefined || first === undefined
    ? null
    : (last - first) / seconds;
}

export class Purchases {
  constructor() {
    this.body = element('tbody', {});
    this.open = element('p', {id: 'open-intents'});
    const head = element(
      'tr',
      {},
      element('th', {scope: 'col'}, 'outcome'),
      element('th', {scope: 'col', class: 'number'}, 'since the start'),
      element('th', {scope: 'col', class: 'number'}, 'a second'),
    );
    this.element = section(
      'purchases',
      'Purchases',
      scrolling(
        'purchases',
        element('table', {id: 'purchases'}, element('thead', {}, head), this.body),
      ),
      this.open,
    );
  }

  show(sample, before) {
    const told = sample.purchases ?? {};
    // A newer service may know of more.
    const more = Object.keys(told).filter((key) => !outcomes.some(([known]) => known === key));
    const rows = [...outcomes, ...more.map((key) => [key, key.replaceAll('_', ' ')])];
    show(
      this.body,
      rows.map(([key, words]) =>
        element(
          'tr',
          {'data-key': key, 'data-outcome': key},
          element('td', {class: 'name'}, words),
          element('td', {class: 'number'}, count(told[key])),
          element('td', {class: 'number'}, rate(perSecond(sample, before, key))),
        ),
      ),
    );
    const {open_intents: open} = sample;
    this.open.textContent =
      typeof open === 'number'
        ? `${plural(open, 'purchase')} begun and not ended (open intents)`
        : 'how many purchases are begun and not ended is not known';
  }
}
