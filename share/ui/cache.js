// The cache of products: how often it answers, and whether it may.
import {element, section, show} from './dom.js';
import {count, percent} from './format.js';

const minuteMs = 60000;

const ratio = (hits, misses) => (hits + misses > 0 ? hits / (hits + misses) : null);

export class Cache {
  constructor() {
    this.list = element('dl', {id: 'cache', class: 'pairs'});
    this.element = section('cache', 'Cache', this.list);
    this.samples = []; // of the last minute, the oldest first
  }

  // The part of queries that it answered in the last minute; null where there were none. REQUIRES:
  // once a sample.
  lastMinute({pid, time_ms: now, cache}) {
    const {samples} = this;
    // Another process, or a clock that was set back: its counters are not those of before.
    if (samples.length > 0 && (samples.at(-1).pid !== pid || samples.at(-1).now > now))
      samples.length = 0;
    samples.push({pid, now, ...cache});
    while (samples[0].now < now - minuteMs) samples.shift();
    return ratio(cache.hits - samples[0].hits, cache.misses - samples[0].misses);
  }

  show(sample) {
    const {cache} = sample;
    if (!cache) return show(this.list, pair('state', 'not told'));
    const lease = cache.leased
      ? 'held: what it has is as fresh as the catalog'
      : '✗ not held: every query goes to the catalog';
    return show(
      this.list,
      pair(
        'lease',
        cache.enabled === false ? 'none: the cache is switched off' : lease,
        cache.enabled !== false && !cache.leased ? 'bad' : null,
      ),
      pair('hits in the last minute', percent(this.lastMinute(sample))),
      pair(
        'hits since the start',
        `${percent(ratio(cache.hits, cache.misses))} ` +
          `(${count(cache.hits)} of ${count(cache.hits + cache.misses)})`,
      ),
      pair('products', `${count(cache.products)} of at most ${count(cache.capacity)}`),
      pair('invalidated', count(cache.invalidations)),
      pair('evicted for want of room', count(cache.evictions)),
      pair('emptied', count(cache.emptied)),
    );
  }
}

function pair(title, value, tone) {
  return element('div', {class: tone ?? null}, element('dt', {}, title), element('dd', {}, value));
}
