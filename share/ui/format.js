// Text for people, and elements without innerHTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'style') Object.assign(made.style, value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

export function count(number) {
  return number === undefined || number === null ? '' : number.toLocaleString('en-US');
}

export function rate(number) {
  return number >= 100 ? count(Math.round(number)) : number.toFixed(number >= 10 ? 0 : 1);
}

export function milliseconds(ms) {
  if (ms === null || ms === undefined) return '–';
  return ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2);
}

export function clock(timeMs) {
  return new Date(timeMs).toLocaleTimeString('en-GB');
}

// How long something lasts or lasted: "42 s", "3 min", "5 h", "2 d".
export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}
