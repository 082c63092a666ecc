// What there is to buy, as the leader of the catalog has it.
import {element, foreign, scrolling, section, show} from './dom.js';
import {count, plural} from './format.js';

const low = 10;
const byName = (a, b) => String(a.name).localeCompare(String(b.name));

function stateOf(quantity) {
  if (typeof quantity !== 'number') return ['–', null];
  if (quantity <= 0) return ['✗ sold out', 'bad'];
  return quantity <= low ? ['⚠ low', 'warn'] : ['in stock', null];
}

export class Stock {
  constructor() {
    this.body = element('tbody', {});
    this.note = element('p', {class: 'note'});
    const head = element(
      'tr',
      {},
      element('th', {scope: 'col'}, 'product'),
      element('th', {scope: 'col', class: 'number'}, 'price'),
      element('th', {scope: 'col', class: 'number'}, 'in stock'),
      element('th', {scope: 'col'}, 'state'),
    );
    const table = element('table', {id: 'stock'}, element('thead', {}, head), this.body);
    this.element = section('stock', 'Stock', this.note, scrolling('stock', table));
    table.parentElement.classList.add('high');
  }

  show({stock, stock_more: more, groups}) {
    const listed = Array.isArray(stock) ? stock.toSorted(byName) : [];
    this.note.textContent = this.summaryOf(listed, more ?? 0);
    // While a leader of the catalog is chosen nobody tells: what was told before stays.
    const away = (groups ?? []).some(({group, ready}) => group === 'catalog' && ready === false);
    if (listed.length === 0 && away) return;
    show(
      this.body,
      listed.map(({name, price, quantity}) => {
        const [word, tone] = stateOf(quantity);
        return element(
          'tr',
          {'data-key': `:${name}`},
          element('td', {class: 'name'}, foreign(name)),
          element('td', {class: 'number'}, price ?? '–'),
          element('td', {class: 'number'}, count(quantity)),
          element('td', {class: tone}, word),
        );
      }),
    );
  }

  summaryOf(listed, more) {
    if (listed.length === 0) {
      return more > 0
        ? `${plural(more, 'product')}, too many to be shown`
        : 'no products are told of';
    }
    const scarce = listed.filter(({quantity}) => quantity <= low).length;
    const first = more > 0 ? `, ${count(listed.length)} of them shown` : '';
    return `${plural(listed.length + more, 'product')}${first}; ${count(scarce)} low or sold out`;
  }
}
