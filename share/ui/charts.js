// Charts over the last ten minutes, or what of them the page was open, one point a second; a line
// marks where an epoch began.
import {element, section} from './dom.js';
import {clock, milliseconds, rate, short} from './format.js';

const spanS = 600;
const leastS = 60;
const gapS = 3; // where no sample came for as long there is a gap, and no line
const height = 180;
const color = (name) => getComputedStyle(document.body).getPropertyValue(name);

// What both pages have: how many calls there are, and how long they take, by these names for them.
export function callCharts(reads, writes) {
  return [
    {
      id: 'rates',
      title: 'Calls a second, the last ten minutes',
      labels: [reads, writes],
      text: rate,
      values: (calls) => [calls.reads.rate, calls.writes.rate],
    },
    {
      id: 'latency',
      title: 'How long they take, in ms',
      labels: [`${reads} p50`, `${reads} p99`, `${writes} p50`, `${writes} p99`],
      text: milliseconds,
      values: (calls) => [calls.reads.p50, calls.reads.p99, calls.writes.p50, calls.writes.p99],
    },
  ];
}

class Chart {
  constructor(box, labels, text) {
    this.box = box;
    this.text = text;
    this.times = [];
    this.lists = labels.map(() => []);
    this.marks = []; // {time, text}
    this.plot = this.make(labels);
    box.addEventListener('keydown', (event) => this.walk(event));
    new ResizeObserver(() => this.plot.setSize({width: box.clientWidth, height})).observe(box);
  }

  make(labels) {
    const series = labels.map((label, i) => ({
      label,
      stroke: () => color(i < labels.length / 2 ? '--first' : '--second'),
      dash: labels.length === 4 && i % 2 === 1 ? [4, 4] : [],
      width: 1.5,
      points: {size: 4},
      // Where nobody points at a time: the newest.
      value: (plot, value, nth, at) => this.text(at === null ? this.lists[i].at(-1) : value),
    }));
    const axis = {
      stroke: () => color('--faint'),
      font: '12px system-ui, sans-serif',
      grid: {stroke: () => color('--line'), width: 1},
      ticks: {stroke: () => color('--line'), width: 1},
    };
    const time = (seconds) => clock(1000 * seconds);
    return new uPlot(
      {
        width: this.box.clientWidth,
        height,
        series: [
          {label: 'at', value: (plot, seconds) => (seconds === null ? 'now' : time(seconds))},
          ...series,
        ],
        axes: [
          {...axis, space: 90, values: (plot, times) => times.map(time)},
          {...axis, size: 56, values: (plot, values) => values.map(short)},
        ],
        scales: {
          x: {range: (plot, first, last) => [Math.min(first, last - leastS), last]},
          y: {range: (plot, low, high) => [0, high > 0 ? high * 1.1 : 1]},
        },
        hooks: {draw: [(plot) => this.drawMarks(plot)]},
        cursor: {drag: {x: false, y: false}},
      },
      [[], ...labels.map(() => [])],
      this.box,
    );
  }

  add(time, values) {
    // The clock of the service was set back: what it then tells again takes the place.
    while (this.times.length > 0 && this.times.at(-1) >= time) this.drop('pop');
    const last = this.times.at(-1);
    if (last !== undefined && time - last > gapS) this.put((last + time) / 2, []);
    this.put(time, values);
    while (this.times[0] < time - spanS) this.drop('shift');
    this.plot.setData([this.times, ...this.lists]);
  }

  put(time, values) {
    this.times.push(time);
    this.lists.forEach((list, i) => list.push(values[i] ?? null));
  }

  drop(end) {
    for (const list of [this.times, ...this.lists]) list[end]();
  }

  // The cursor goes by keyboard, too.
  walk(event) {
    const step = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    if (step === undefined || this.times.length === 0) return;
    event.preventDefault();
    const last = this.times.length - 1;
    const index = Math.min(last, Math.max(0, (this.plot.cursor.idx ?? last) + step));
    this.plot.setCursor({left: this.plot.valToPos(this.times[index], 'x'), top: height / 3});
  }

  drawMarks({ctx, bbox, valToPos}) {
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = color('--bad');
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = ratio;
    ctx.setLineDash([]);
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    let free = bbox.left + bbox.width;
    for (const {time, text} of this.marks.toReversed()) {
      const x = valToPos(time, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const wide = ctx.measureText(text).width + 6 * ratio;
      const left = x + wide > bbox.left + bbox.width ? x - wide : x;
      if (left + wide > free) continue; // many at once: the newest has its words, others their line
      ctx.fillText(text, left + 3 * ratio, bbox.top + 11 * ratio);
      free = left;
    }
    ctx.restore();
  }
}

export class Charts {
  // `shown`: [{id, title, labels, text, values}, …]; values(calls) are those of the labels.
  constructor(shown) {
    this.shown = shown.map((one) => {
      const box = element('div', {
        class: 'chart',
        tabindex: 0,
        role: 'group',
        'aria-label': `${one.title}; arrow keys go through time`,
      });
      return {...one, box, element: section(one.id, one.title, box)};
    });
  }

  // REQUIRES: the elements are in the document, where they have a width.
  begin() {
    for (const one of this.shown) one.chart = new Chart(one.box, one.labels, one.text);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  add(timeMs, calls) {
    if (!Number.isFinite(timeMs)) return;
    for (const {chart, values} of this.shown) chart.add(timeMs / 1000, calls ? values(calls) : []);
  }

  mark(marks) {
    for (const {chart} of this.shown) chart.marks = marks;
    this.redraw();
  }

  redraw() {
    for (const {chart} of this.shown) chart.plot.redraw(false, true);
  }
}
