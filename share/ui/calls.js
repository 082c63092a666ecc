// Rates and percentiles from two samples: their counters and buckets count since the start of the
// process (rs-orch(8), calls).

// Where bucket i begins, in µs.
function begin(i) {
  return i < 4 ? i : (4 + (i % 4)) * 2 ** (Math.floor(i / 4) - 1);
}

// In ms; null where nothing was counted.
function percentile(buckets, part) {
  const all = buckets.reduce((sum, n) => sum + n, 0);
  if (all === 0) return null;
  let left = all * part;
  for (let i = 0; i < buckets.length; i += 1) {
    if (left <= buckets[i]) {
      const inside = buckets[i] === 0 ? 0 : left / buckets[i];
      return (begin(i) + inside * (begin(i + 1) - begin(i))) / 1000;
    }
    left -= buckets[i];
  }
  return begin(buckets.length) / 1000;
}

function ofKind(now, before, seconds) {
  const us = (now.us ?? []).map((n, i) => n - (before.us?.[i] ?? 0));
  return {
    rate: (now.answered + now.failed - before.answered - before.failed) / seconds,
    failed: (now.failed - before.failed) / seconds,
    p50: percentile(us, 0.5),
    p99: percentile(us, 0.99),
  };
}

const longS = 10; // samples come once a second: what was in a longer time is no rate of now

// The seconds between two samples; null where they are not of one life of one process, or are far
// apart.
export function secondsBetween(now, before) {
  if (!before || now.pid !== before.pid || !(now.time_ms > before.time_ms)) return null;
  const seconds = (now.time_ms - before.time_ms) / 1000;
  return seconds > longS ? null : seconds;
}

// {reads, writes}, or null where that is not known.
export function between(now, before) {
  const seconds = secondsBetween(now, before);
  const told = (sample) => sample?.calls?.reads && sample.calls.writes;
  if (seconds === null || !told(now) || !told(before)) return null;
  return {
    reads: ofKind(now.calls.reads, before.calls.reads, seconds),
    writes: ofKind(now.calls.writes, before.calls.writes, seconds),
  };
}

// Of both, in a second.
export function failedIn(calls) {
  return calls ? calls.reads.failed + calls.writes.failed : null;
}
