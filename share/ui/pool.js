// How many slaves there are to be, by the reads of the present window.
import {age, count, element} from './format.js';

export function showPool(box, scaling) {
  const {reads, reads_per_slave: each, slaves_wanted: wanted, max_slaves: most} = scaling;
  const steps = Math.min(most, 12);
  const bars = [];
  for (let i = 0; i < steps; i += 1) {
    bars.push(element('span', {class: reads > i * each ? 'full' : null,
      title: `${i + 1} at up to ${count((i + 1) * each)} reads`}));
  }
  const due = Math.min(most, Math.max(scaling.min_slaves, Math.ceil(reads / each)));
  const left = scaling.window_left_ms === null
    ? 'the next read begins a window'
    : `${age(scaling.window_left_ms)} left of the window`;
  const label = `${count(reads)} of up to ${count(steps * each)} reads`;
  box.replaceChildren(
    element('p', {class: 'now'}, `${wanted} ${wanted === 1 ? 'slave' : 'slaves'} wanted, `,
      `${scaling.min_slaves} to ${most} allowed; ${count(reads)} reads, ${left}`),
    element('div', {class: 'steps', role: 'img', 'aria-label': label}, ...bars),
    element('p', {class: 'note'}, `${count(each)} reads a slave: were it over now, there would be ${due}`));
}
