// What the pages of all services have in common: they show what the stream of events tells, and
// ask for nothing else.
import {between} from './calls.js';
import {Charts} from './charts.js';
import {element, foreign, show} from './dom.js';
import {Events} from './events.js';
import {Failovers} from './failovers.js';
import {listen} from './stream.js';
import {Timeline} from './timeline.js';
import {showStream, Verdict} from './verdict.js';

const byId = (id) => document.getElementById(id);

// Where the service goes on being ready, and one part of what it tells is not understood, the rest
// is shown all the same.
function guarded(what, work) {
  try {
    work();
  } catch (error) {
    console.error(`${what}:`, error);
  }
}

// {stream, name(sample), fine, noun, facts(sample, calls, before), tables, charts, panels, extra}:
// tables and panels have an `element` and show(sample, before), `before` the sample before or null;
// those of `extra` are shown the events, as the timeline is. Panels stand in columns.
export function start(page) {
  const verdict = new Verdict(byId('verdict'), page.fine);
  const charts = new Charts(page.charts);
  const lists = [new Failovers(page.noun), ...(page.extra ?? [])];
  const timeline = new Timeline();
  const events = new Events(showEvents);
  let before = null;

  const facts = element('dl', {id: 'facts'});
  byId('main').append(
    facts,
    ...page.tables.map((one) => one.element),
    beside(charts.shown.map((one) => [one])),
    beside(page.panels),
    beside(lists.map((one) => [one])),
    timeline.element,
  );
  charts.begin();

  function showEvents(all) {
    const nowMs = before?.time_ms ?? all.at(-1)?.time_ms;
    for (const list of [...lists, timeline]) guarded('events', () => list.show(all, nowMs));
    charts.mark(epochsIn(all));
  }
  showEvents([]);

  listen(page.stream, {
    onSample(sample) {
      const last = before;
      const calls = between(sample, last);
      before = sample;
      const name = page.name(sample);
      show(byId('name'), foreign(name));
      show(byId('told-by'), foreign(toldBy(sample)));
      guarded('verdict', () => verdict.take(sample, name));
      guarded('facts', () => show(facts, page.facts(sample, calls, last).map(factOf)));
      for (const panel of [...page.tables, ...page.panels.flat()]) {
        guarded('a panel', () => panel.show(sample, last));
      }
      guarded('charts', () => charts.add(sample.time_ms, calls));
    },
    onEvent: (event) => events.add(event),
    onAlive(alive, silentMs, why) {
      document.body.classList.toggle('stale', !alive);
      verdict.hear(alive);
      showStream(byId('stream'), alive, silentMs, why);
    },
  });
}

// Where an epoch began; a service that starts tells again which one there is.
function epochsIn(events) {
  const last = new Map();
  return events
    .filter(({event, epoch, group}) => {
      const rises = event === 'role' && epoch > (last.get(group) ?? 0);
      if (rises) last.set(group, epoch);
      return rises;
    })
    .map(({time_ms: ms, epoch, group}) => ({
      time: ms / 1000,
      text: `${group ? `${group} ` : ''}epoch ${epoch}`,
    }));
}

function factOf([title, value, tone]) {
  const parts = [element('dt', {}, title), element('dd', {}, value)];
  return element('div', {class: tone ?? null}, parts);
}

function beside(columns) {
  return element(
    'div',
    {class: 'columns'},
    columns.map((column) =>
      element(
        'div',
        {class: 'column'},
        column.map((one) => one.element),
      ),
    ),
  );
}

function toldBy({service, host, pid, active, backends}) {
  return [
    `${service ?? 'told by'} on ${host ?? '–'}, pid ${pid ?? '–'}` +
      (active === false ? ', which waits' : ''),
    ...Object.entries(backends ?? {}).map(([what, name]) => `${what}: ${name}`),
  ].join(' · ');
}
