// Numbers and times for people. What a service does not tell, as it is older, is a dash.

const dash = '–';

const known = (number) => typeof number === 'number' && Number.isFinite(number);

export function count(number) {
  return known(number) ? number.toLocaleString('en-US') : dash;
}

// For where there is little room: "1.2M".
export function short(number) {
  return known(number)
    ? number.toLocaleString('en-US', {notation: 'compact', maximumFractionDigits: 1})
    : dash;
}

export function rate(number) {
  if (!known(number)) return dash;
  if (number >= 100) return count(Math.round(number));
  return number === 0 ? '0' : number.toFixed(number >= 10 ? 0 : 1);
}

export function milliseconds(ms) {
  if (!known(ms)) return dash;
  if (ms >= 100) return count(Math.round(ms));
  return ms === 0 ? '0' : ms.toFixed(ms >= 1 ? 1 : 2);
}

export function inMs(ms) {
  return known(ms) ? `${milliseconds(ms)} ms` : dash;
}

export function percent(part) {
  if (!known(part)) return dash;
  return `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function clock(timeMs) {
  return known(timeMs) ? new Date(timeMs).toLocaleTimeString('en-GB') : dash;
}

// The time of day, with the day where that is not the one of `nowMs`.
export function when(timeMs, nowMs) {
  if (!known(timeMs)) return dash;
  const day = (ms) => new Date(ms).toLocaleDateString('en-GB', {day: 'numeric', month: 'short'});
  return known(nowMs) && day(timeMs) === day(nowMs)
    ? clock(timeMs)
    : `${day(timeMs)} ${clock(timeMs)}`;
}

// For machines: of a time element. null where it is none.
export function iso(timeMs) {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

// How long something lasts or lasted: "42 s", "3 min", "5 h", "2 d".
export function age(ms) {
  if (!known(ms)) return dash;
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${count(Math.round(seconds / 86400))} d`;
}

// A span of milliseconds, as of a failover: "14 ms", "1.3 s", "5 min".
export function span(ms) {
  if (!known(ms)) return dash;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100000 ? `${(ms / 1000).toFixed(1)} s` : age(ms);
}

// Ids as a list: of an array, or of the text with commas that events have.
export function ids(list) {
  const all = Array.isArray(list)
    ? list
    : String(list ?? '')
        .split(',')
        .filter((id) => id !== '');
  return all.length === 0 ? dash : all.join(', ');
}
