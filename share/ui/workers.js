// The table of workers: in the order of their ids, one row each, whatever happens.
import {age, count, element} from './format.js';

function lagOf(worker, most) {
  if (worker.lag === undefined) return [''];
  const bar = element('span', {class: 'bar', 'aria-hidden': 'true'},
    element('span', {style: {width: `${most === 0 ? 0 : Math.min(100, (100 * worker.lag) / most)}%`}}));
  return worker.lag === 0 ? ['0'] : [count(worker.lag), bar];
}

export function showWorkers(body, workers, nowMs) {
  const most = Math.max(0, ...workers.map((worker) => worker.lag ?? 0));
  const rows = [];
  for (const worker of workers) {
    const away = worker.state === 'silent' || worker.state === 'starting';
    const number = (value) => element('td', {class: 'number'}, count(value));
    const classes = [worker.role === 'master' ? 'leader' : '', away ? 'away' : ''].join(' ').trim();
    rows.push(element('tr', {class: classes || null, 'data-worker': worker.id},
      element('td', {}, worker.id),
      element('td', {}, worker.role === 'master' ? '★ master' : 'slave'),
      element('td', {}, worker.state),
      element('td', {}, worker.pid),
      number(worker.epoch), number(worker.last_index),
      element('td', {}, ...lagOf(worker, most)),
      number(worker.reads_served),
      element('td', {}, worker.since_ms ? age(nowMs - worker.since_ms) : ''),
      element('td', {}, worker.host)));
    const troubles = [worker.trouble, worker.has_space === false ? 'its disk is full' : null];
    for (const trouble of troubles) {
      if (!trouble) continue;
      rows.push(element('tr', {class: 'trouble'},
        element('td', {colspan: 10}, `worker ${worker.id}: ${trouble}`)));
    }
  }
  body.replaceChildren(...rows);
}
