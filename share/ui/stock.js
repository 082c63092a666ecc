// What there is to buy, as the leader of the catalog has it.
import {element, foreign, scrolling, section, show} from './dom.js';
import {count, plural} from './format.js';

const low = 10;

function stateOf(quantity) {
  if (typeof quantity !== 'number') return ['–', null];
  if (quantity <= 0) return ['✗ sold out', 'bad'];
  return quantity <= low ? ['⚠ low', 'warn'] : ['in stock', null];
}

export class Stock {
  constructor() {
    this.body = element('tbody', {});
    this.note = element('p', {class: 'note'});
    const head = element('tr', {}, element('th', {scope: 'col'}, 'product'),
      element('th', {scope: 'col', class: 'number'}, 'price'),
      element('th', {scope: 'col', class: 'number'}, 'in stock'), element('th', {scope: 'col'}, 'state'));
    const table = element('table', {id: 'stock'}, element('thead', {}, head), this.body);
    this.element = section('stock', 'Stock', this.note, scrolling('stock', table));
    table.parentElement.classList.add('high');
  }

  show({stock, stock_more: more}) {
    // While a leader is chosen nobody tells: what was told before stays.
    if (!Array.isArray(stock) || stock.length === 0) {
      this.note.textContent = more > 0 ? `${plural(more, 'product')}, too many to be shown`
        : `the catalog tells of no products now${this.body.rows.length > 0 ? '; before it did of these' : ''}`;
      return;
    }
    const short = stock.filter(({quantity}) => quantity <= low).length;
    this.note.textContent = `${plural(stock.length + (more ?? 0), 'product')}` +
      `${more > 0 ? `, the first ${count(stock.length)} of them by name` : ''}; ${count(short)} low or sold out`;
    show(this.body, stock.map(({name, price, quantity}) => {
      const [word, tone] = stateOf(quantity);
      return element('tr', {'data-key': `:${name}`},
        element('td', {class: 'name'}, foreign(name)),
        element('td', {class: 'number'}, price ?? '–'),
        element('td', {class: 'number'}, count(quantity)),
        element('td', {class: tone}, word));
    }));
  }
}
