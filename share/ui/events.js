// What the service told that happened: the newest events, each once, in the order of their ids.

const most = 1000;

export class Events {
  constructor(onChange) {
    this.all = []; // ascending
    this.onChange = onChange;
    this.told = false; // that there is something new
  }

  add(event) {
    if (!Number.isFinite(event.id)) return;
    let at = this.all.length;
    while (at > 0 && this.all[at - 1].id > event.id) at -= 1;
    if (at > 0 && this.all[at - 1].id === event.id) return;
    this.all.splice(at, 0, event);
    if (this.all.length > most) this.all.shift();
    this.changed();
  }

  // Hundreds come at once at first: they are shown together.
  changed() {
    if (this.told) return;
    this.told = true;
    setTimeout(() => {
      this.told = false;
      this.onChange(this.all);
    }, 0);
  }
}
