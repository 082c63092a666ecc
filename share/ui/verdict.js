// Ready or not, in words: in the page, its title and its icon.
import {element, foreign, show} from './dom.js';
import {age} from './format.js';

const states = {
  ready: {word: 'READY', sign: '', icon: 'icon.svg'},
  warned: {word: 'READY', sign: '⚠ ', icon: 'icon-warned.svg'},
  failed: {word: 'NOT READY', sign: '✗ ', icon: 'icon-failed.svg'},
  unknown: {word: 'NOT KNOWN', sign: '? ', icon: 'icon-unknown.svg'},
};

// The commands that mend it: the one that the service names, or that is quoted in its reason, and
// one for all processes that are stopped.
function remediesOf({remedy, reason}) {
  const told = String(reason ?? '');
  const stopped = [...told.matchAll(/\bkill -CONT (\d+)/g)].map(([, pid]) => pid);
  const all = [stopped.length > 0 ? `kill -CONT ${stopped.join(' ')}` : null];
  const named = remedy || told.match(/'((?:rs-client|tandem) [^']+)'/)?.[1];
  if (named && !(all[0] ?? '').startsWith(named)) all.unshift(named);
  return all.filter(Boolean);
}

export class Verdict {
  constructor(box, fine) {
    this.box = box;
    this.fine = fine;
    this.name = '';
    this.last = null; // the newest sample
    this.alive = true;
  }

  take(sample, name) {
    this.last = sample;
    this.name = name;
    this.show();
  }

  // The stream speaks, or has gone silent: then nothing is known of now.
  hear(alive) {
    if (this.alive === alive) return;
    this.alive = alive;
    this.show();
  }

  show() {
    if (this.last === null) return;
    const {ready, reason, warning} = this.last;
    const told = !ready ? 'failed' : warning ? 'warned' : 'ready';
    const state = this.alive ? told : 'unknown';
    const {word, sign, icon} = states[state];
    this.box.className = state;
    const words = {ready: this.fine, warned: warning, failed: reason || 'it does not say why'};
    const before = `the service tells nothing; before that it was ${states[told].word}`;
    const remedies = this.alive && !ready ? remediesOf(this.last) : [];
    show(
      this.box,
      element(
        'p',
        {},
        element('strong', {}, word),
        ' ',
        this.alive ? foreign(words[told]) : before,
      ),
      remedies.map((remedy) =>
        element('p', {class: 'remedy'}, 'what mends it: ', element('code', {}, remedy)),
      ),
    );
    const title = [this.name, ...(word === 'READY' ? [] : [word.toLowerCase()]), 'tandem'];
    document.title = sign + title.join(' – ');
    const link = document.querySelector('link[rel=icon]');
    if (link.getAttribute('href') !== `ui/${icon}`) link.setAttribute('href', `ui/${icon}`);
  }
}

// How the stream goes, in the head of the page. What counts is not read out.
export function showStream(box, alive, silentMs, why) {
  const words = alive ? 'live' : silentMs === null ? 'connecting' : 'no news';
  show(
    box,
    element('span', {class: 'dot', 'aria-hidden': 'true'}),
    words,
    alive || silentMs === null
      ? null
      : element('span', {'aria-hidden': 'true'}, ` for ${age(silentMs)}`),
    why ? ` (${why})` : null,
  );
}
