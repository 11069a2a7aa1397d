// The live tables: everything at first, then what changes. Says at once when nothing comes.
//
// A browser has six connections to a console, and each stream takes one for as long as it lasts. So
// a page that nobody sees has none: with more tabs than that a halt would wait in the browser.

const LOST_MS = 2500;
const now = () => performance.now(); // which no one sets: a clock that is set back hides no silence

export class Stream {
  constructor({ changed, link }) {
    this.groups = {};
    this.order = [];
    this.lastMs = 0;
    this.offsetNs = 0;
    this.changed = changed;
    this.link = link;
    this.isLive = false;
    this.open();
    setInterval(() => this.look(), 500);
    document.addEventListener("visibilitychange", () => this.open());
  }

  open() {
    if (this.source) this.source.close();
    this.openedMs = now();
    if (document.hidden) {
      this.isLive = false;
      this.link(false, this.lastMs ? now() - this.lastMs : 0);
      return;
    }
    this.source = new EventSource("/api/stream");
    this.source.addEventListener("whole", (event) => this.whole(JSON.parse(event.data)));
    this.source.addEventListener("delta", (event) => this.delta(JSON.parse(event.data)));
    this.source.addEventListener("beat", (event) => this.beat(JSON.parse(event.data)));
    this.source.addEventListener("error", () => this.failed());
  }

  whole({ groups, order }) {
    this.groups = {};
    for (const name of order) this.groups[name] = {};
    this.order = order;
    const touched = {};
    for (const [name, delta] of Object.entries(groups)) touched[name] = this.apply(name, delta);
    this.heard();
    this.changed(touched, true);
  }

  delta({ groups }) {
    const touched = {};
    for (const [name, delta] of Object.entries(groups)) {
      if (!this.groups[name]) {
        this.groups[name] = {};
        this.order.push(name);
      }
      touched[name] = this.apply(name, delta);
    }
    this.heard();
    this.changed(touched, false);
  }

  apply(name, delta) {
    const tables = this.groups[name];
    for (const [table, change] of Object.entries(delta)) {
      const rows = (tables[table] ||= new Map());
      for (const key of change.del) rows.delete(key);
      for (const [key, row] of Object.entries(change.set)) rows.set(key, row);
    }
    return new Set(Object.keys(delta));
  }

  // A beat counts only while somebody reads the groups: the server may live on without.
  beat({ ts_ns: tsNs, silent_ns: silentNs }) {
    this.offsetNs = tsNs - Date.now() * 1e6;
    if (silentNs < LOST_MS * 1e6) this.heard();
  }

  heard() {
    this.lastMs = now();
    if (!this.isLive) {
      this.isLive = true;
      this.link(true, 0);
    }
  }

  // What the browser gave up on is opened again: it does so by itself only after some errors.
  async failed() {
    this.look();
    if (this.source.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/api/session").catch(() => null);
    if (answer && answer.status === 401) {
      location.replace("/login");
      return;
    }
    setTimeout(() => { if (this.source.readyState === EventSource.CLOSED) this.open(); }, 1000);
  }

  look() {
    if (document.hidden || !this.source) return;
    const silentMs = now() - (this.lastMs || this.openedMs);
    if (silentMs > LOST_MS || (this.lastMs && this.source.readyState !== EventSource.OPEN)) {
      this.isLive = false;
      this.link(false, silentMs);
      if (silentMs > 8000 && now() - this.openedMs > 8000) this.open();
    }
  }

  table(group, name) {
    return this.groups[group]?.[name] || new Map();
  }

  desk(group) {
    return Object.fromEntries(this.table(group, "desk"));
  }
}
