// Where http.ui_actions is on: what the page can do to a worker, by the calls of rs-orch(8). One
// that is killed has to be named first.
import {element, show} from './dom.js';

const calls = {
  transfer: {
    word: 'make master',
    path: (row) => `worker/${row.id}/transfer`,
    done: (row) => `worker ${row.id} is the master`,
  },
  restart: {
    word: 'restart',
    path: (row) => `worker/${row.id}/restart`,
    done: (row) => `worker ${row.id} was restarted and is in sync`,
  },
  kill: {
    word: 'kill',
    path: (row) => (row.role === 'master' ? 'crash/master' : 'crash/slave'),
    done: (row, pid) =>
      pid === row.pid ? `worker ${row.id} was killed` : `pid ${pid} was killed instead`,
  },
};

// The calls kill the master, and of the slaves the one with the highest pid.
function mayBeKilled(row, rows) {
  return (
    row.role === 'master' ||
    rows.every((other) => other.role === 'master' || (other.pid ?? 0) <= row.pid)
  );
}

export class Actions {
  // Rows are those of `table`; what became of it is told below.
  constructor(table) {
    this.table = table;
    this.rows = [];
    this.underWay = new Set(); // "restart 2"
    this.told = null;
    this.dialog = null;
    table.body.addEventListener('click', ({target}) => {
      const button = target.closest('button');
      if (button) this.ask(button.dataset.call, Number(button.dataset.worker));
    });
  }

  // The columns that the table has besides.
  columns({actions, workers}) {
    if (actions !== true) return [];
    this.rows = workers ?? [];
    return [{title: 'actions', cell: (row) => this.buttonsOf(row)}];
  }

  buttonsOf(row) {
    const offered = [
      row.role !== 'master' && row.in_sync ? 'transfer' : null,
      row.pid ? 'restart' : null,
      row.pid && mayBeKilled(row, this.rows) ? 'kill' : null,
    ].filter(Boolean);
    return offered.map((name) => {
      const busy = this.underWay.has(`${name} ${row.id}`);
      return element(
        'button',
        {
          type: 'button',
          'data-key': name,
          'data-call': name,
          'data-worker': row.id,
          'aria-label': `${calls[name].word}: worker ${row.id}`,
          'aria-disabled': busy ? 'true' : null,
        },
        busy ? `${calls[name].word} …` : calls[name].word,
      );
    });
  }

  ask(name, id) {
    if (this.underWay.has(`${name} ${id}`)) return;
    if (name === 'kill') this.askForId(id);
    else this.call(name, id);
  }

  askForId(id) {
    this.dialog?.remove();
    const typed = element('input', {
      id: 'typed-id',
      autocomplete: 'off',
      inputmode: 'numeric',
      required: '',
    });
    const dialog = element(
      'dialog',
      {'aria-labelledby': 'kill-title'},
      element(
        'form',
        {method: 'dialog'},
        element('h2', {id: 'kill-title'}, `Kill worker ${id} with SIGKILL?`),
        element('p', {}, element('label', {for: 'typed-id'}, 'Its id, to confirm: '), typed),
        element(
          'p',
          {class: 'buttons'},
          element('button', {value: 'kill'}, 'kill'),
          element('button', {value: 'leave', formnovalidate: ''}, 'leave it alone'),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (dialog.returnValue !== 'kill') return;
      if (typed.value.trim() === String(id)) this.call('kill', id);
      else this.tell('bad', `nothing was done: '${typed.value}' is not the id of worker ${id}`);
    });
    this.dialog = dialog;
    document.body.append(dialog);
    dialog.showModal();
    typed.focus();
  }

  async call(name, id) {
    // What is known is looked at as it is now: who leads may have changed while it was typed.
    const row = this.rows.find((one) => one.id === id);
    if (document.body.classList.contains('stale') || !row) {
      return this.tell('bad', 'nothing was done: the service tells nothing of that worker now');
    }
    if (name === 'kill' && !mayBeKilled(row, this.rows)) {
      return this.tell(
        'bad',
        `nothing was done: worker ${id} is not the one that would be killed now`,
      );
    }
    const {path, word, done} = calls[name];
    this.underWay.add(`${name} ${id}`);
    this.tell(null, `${word}: worker ${id} …`);
    try {
      const answer = await fetch(`api/v1/${path(row)}`, {method: 'POST'});
      const body = await answer.json().catch(() => null);
      if (answer.ok) this.tell('good', `✓ ${done(row, body?.[0])}`);
      else
        this.tell(
          'bad',
          `✗ ${word}: worker ${id}: ${body?.error?.message ?? `answered ${answer.status}`}`,
        );
    } catch (error) {
      this.tell(
        'bad',
        `✗ ${word}: worker ${id}: no answer, it may have been done (${error.message})`,
      );
    }
    this.underWay.delete(`${name} ${id}`);
    return undefined;
  }

  tell(tone, text) {
    if (this.told === null) {
      this.told = element('p', {id: 'told', role: 'status'});
      this.table.element.append(this.told);
    }
    show(this.told, element('span', {class: tone}, text));
  }
}
