// A table of replicas: a row each, in the order of their ids, whatever happens.
import {element, foreign, scrolling, section, show} from './dom.js';
import {age, count, ids, plural} from './format.js';

// A bar this long is what a second of heavy writing is behind.
const muchLag = 1000;

// Every other state, also one that is not known here, is that of a replica that is not there.
const there = new Set(['in sync', 'catching up', undefined]);
const away = ({state}) => !there.has(state);
const signs = {'in sync': '●', 'catching up': '◐', silent: '○', starting: '◌', 'not running': '○'};

function lagOf({lag}, {most}) {
  if (typeof lag !== 'number') return '–';
  const width = `${Math.min(100, (100 * lag) / Math.max(most, muchLag))}%`;
  return [
    element('span', {class: 'value'}, count(lag)),
    element('span', {class: 'bar', 'aria-hidden': 'true'}, element('span', {style: {width}})),
  ];
}

// {title, number, cell(row, of)}: of what a cell shows, with what is known beside the row.
const first = (noun) => [
  {title: 'id', cell: ({id}) => element('strong', {}, id)},
  {title: 'role', cell: ({role}) => (role === noun.leader ? `★ ${role}` : role)},
  {title: 'state', cell: ({state}) => (state ? `${signs[state] ?? '•'} ${state}` : '–')},
  {title: 'pid', cell: ({pid}) => pid ?? '–'},
  {title: 'epoch', number: true, cell: ({epoch}) => count(epoch)},
  {title: 'log index', number: true, cell: (row) => count(row.last_index)},
  {title: 'lag', cell: lagOf},
];
const last = [
  {title: 'lease', cell: ({lease}) => (lease === undefined ? '–' : lease ? 'yes' : 'no')},
  {title: 'since', cell: (row, {nowMs}) => (row.since_ms ? age(nowMs - row.since_ms) : '–')},
  {title: 'host', cell: ({host}) => (host ? foreign(host) : '–')},
];

// Who is expected, and answers nobody, has a row all the same.
function withMissing(rows, record, expected, noun) {
  const all = [...rows];
  const leader = record?.leader ? [record.leader] : [];
  for (const id of new Set([...(record?.in_sync ?? []), ...leader, ...expected])) {
    if (all.some((row) => row.id === id)) continue;
    all.push({id, role: id === record?.leader ? noun.leader : noun.follower, state: 'not running'});
  }
  return all.sort((a, b) => a.id - b.id);
}

function troublesOf(row) {
  return [
    row.trouble,
    row.has_space === false ? 'its disk is full' : null,
    ...(row.set_aside ?? []).map(
      ({path, reason}) => `set aside: ${path ?? ''} ${reason ? `(${reason})` : ''}`,
    ),
  ].filter(Boolean);
}

export class Replicas {
  // noun: {leader, follower, replica}; `columns` come behind the lag.
  constructor(id, title, noun, columns = []) {
    this.noun = noun;
    this.id = id;
    this.columns = [...first(noun), ...columns, ...last];
    this.summary = element('p', {class: 'note'});
    this.head = element('tr', {});
    this.body = element('tbody', {});
    const table = element('table', {id}, element('thead', {}, this.head), this.body);
    this.element = section(id, title, this.summary, scrolling(id, table));
  }

  // `more`: columns that it has now and then; `expected`: ids of those that are to be there.
  show({rows, record, nowMs, more = [], expected = []}) {
    const columns = [...this.columns, ...more];
    const all = withMissing(rows ?? [], record, expected, this.noun);
    const of = {nowMs, most: Math.max(0, ...all.map((row) => row.lag ?? 0))};
    show(this.summary, this.summaryOf(record));
    show(
      this.head,
      columns.map(({title, number}) =>
        element('th', {scope: 'col', class: number ? 'number' : null}, title),
      ),
    );
    show(
      this.body,
      all.flatMap((row) => this.rowsOf(row, columns, of)),
    );
  }

  summaryOf(record) {
    if (!record) return 'there is no record of the group';
    const {in_sync: set, min_in_sync: least, epoch} = record;
    return (
      `${plural(set?.length ?? 0, this.noun.replica)} in sync (${ids(set)}), ` +
      `at least ${least ?? '–'} needed; epoch ${epoch ?? '–'}`
    );
  }

  rowsOf(row, columns, of) {
    const classes = [row.role === this.noun.leader ? 'leader' : '', away(row) ? 'away' : ''];
    const cells = columns.map(({number, cell}) =>
      element('td', {class: number ? 'number' : null}, cell(row, of)),
    );
    return [
      element(
        'tr',
        {class: classes.join(' ').trim() || null, 'data-key': row.id, 'data-id': row.id},
        ...cells,
      ),
      ...troublesOf(row).map((trouble, i) =>
        element(
          'tr',
          {class: 'trouble', 'data-key': `${row.id}.${i}`},
          element(
            'td',
            {colspan: columns.length},
            element('span', {}, `${this.noun.replica} ${row.id}: `, foreign(trouble)),
          ),
        ),
      ),
    ];
  }
}
