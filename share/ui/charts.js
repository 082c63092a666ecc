// Two charts over the last ten minutes, one point a second; a line marks where the epoch rises.
import {clock, milliseconds, rate} from './format.js';

const points = 600;

export class Charts {
  constructor(rates, latency) {
    this.times = [];
    this.series = {rates: [[], []], latency: [[], [], [], []]};
    this.epochs = []; // {time, epoch}: where it rose
    this.boxes = {rates, latency};
    this.plots = {
      rates: this.make(rates, ['reads', 'writes'], rate),
      latency: this.make(latency, ['reads p50', 'reads p99', 'writes p50', 'writes p99'], milliseconds),
    };
    new ResizeObserver(() => this.resize()).observe(rates);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  make(box, labels, text) {
    const color = (name) => () => getComputedStyle(document.body).getPropertyValue(name);
    const dashes = [[], [4, 4]];
    const series = labels.map((label, i) => ({
      label,
      stroke: color(i < labels.length / 2 ? '--first' : '--second'),
      dash: labels.length === 4 ? dashes[i % 2] : [],
      width: 1.5,
      value: (plot, value) => (value === null || value === undefined ? '–' : text(value)),
    }));
    const axis = {stroke: color('--faint'), grid: {stroke: color('--line')}, ticks: {stroke: color('--line')}};
    return new uPlot({
      width: box.clientWidth,
      height: 180,
      series: [{value: (plot, time) => (time === null ? '–' : clock(1000 * time))}, ...series],
      axes: [{...axis, space: 90, values: (plot, times) => times.map((time) => clock(1000 * time))}, {...axis, size: 60, values: (plot, values) => values.map((value) => text(value))}],
      scales: {x: {range: (plot, first, last) => [last - points, last]},
        y: {range: (plot, low, high) => [0, high > 0 ? high * 1.1 : 1]}},
      hooks: {draw: [(plot) => this.markEpochs(plot)]},
      cursor: {drag: {x: false, y: false}},
    }, [[], ...labels.map(() => [])], box);
  }

  add(timeMs, calls, epoch) {
    const last = this.epochs.at(-1);
    if (epoch !== undefined && (last === undefined || epoch > last.epoch)) {
      this.epochs.push({time: timeMs / 1000, epoch, first: last === undefined});
    }
    this.times.push(timeMs / 1000);
    const add = (list, value) => list.push(value ?? null);
    const [reads, writes] = this.series.rates;
    add(reads, calls?.reads.rate);
    add(writes, calls?.writes.rate);
    const values = [calls?.reads.p50, calls?.reads.p99, calls?.writes.p50, calls?.writes.p99];
    values.forEach((value, i) => add(this.series.latency[i], value));
    if (this.times.length > points) {
      this.times.shift();
      for (const list of [...this.series.rates, ...this.series.latency]) list.shift();
    }
    for (const name of Object.keys(this.plots)) {
      this.plots[name].setData([this.times, ...this.series[name]]);
    }
  }

  markEpochs(plot) {
    const {ctx, bbox} = plot;
    ctx.save();
    ctx.strokeStyle = getComputedStyle(document.body).getPropertyValue('--bad');
    ctx.fillStyle = ctx.strokeStyle;
    for (const {time, epoch, first} of this.epochs) {
      const x = plot.valToPos(time, 'x', true);
      if (first || x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(`epoch ${epoch}`, x + 4, bbox.top + 12);
    }
    ctx.restore();
  }

  resize() {
    for (const name of Object.keys(this.plots)) {
      this.plots[name].setSize({width: this.boxes[name].clientWidth, height: 180});
    }
  }

  redraw() {
    for (const plot of Object.values(this.plots)) plot.redraw(false, true);
  }
}
