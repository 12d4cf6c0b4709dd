/**
 * One stream of events for all tabs of a browser: HTTP/1.1 gives a browser six connections to a host. The tab that holds a lock asks the server for what all
 * of them show and passes on what it hears; when it goes, another takes the lock. Where there are no locks (plain HTTP beyond this machine) every tab
 * that is in sight has a stream of its own.
 */
import type { LiveEvent, Shown } from './watching';
import { eventFor, shownAddress, shownJoin } from './watching';

/** An event of the section watched; null: the stream was away, anything may have changed. */
export type Hear = (event: LiveEvent | null) => void;

type Message =
  | { kind: 'shows'; tab: string; shown: Shown }
  | { kind: 'left'; tab: string }
  | { kind: 'who' }
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'away' }
  | { kind: 'generation'; generation: number };

interface Watch { section: string; ids: number[]; hear: Hear }

const SOON = 300;
const RETRY_FIRST = 5_000;
const RETRY_LAST = 60_000;
/** A tab that shows something says so again; one that was silent this long is gone. */
const SAY_AGAIN = 60_000;
const FORGET = 200_000;

const tab = crypto.randomUUID();
const watches = new Set<Watch>();
const others = new Map<string, { at: number; shown: Shown }>();
let channel: BroadcastChannel | null = null;
let end: (() => void) | null = null;
let leading = false;
let onGeneration: (generation: number) => void = () => {};

let stream: EventSource | null = null;
let address: string | null = null;
let away = false;
let wait = RETRY_FIRST;
let soon = 0;
let again = 0;

function ownShown(): Shown {
  return shownJoin([...watches].map((watch) => ({ [watch.section]: watch.ids })));
}

function deliver(message: Message): void {
  if (message.kind === 'generation') onGeneration(message.generation);
  for (const watch of [...watches]) {
    if (message.kind === 'away') watch.hear(null);
    if (message.kind === 'event' && message.event.section === watch.section) {
      const event = eventFor(message.event, watch.ids);
      if (event) watch.hear(event);
    }
  }
}

function say(message: Message): void {
  channel?.postMessage(message);
}

function pass(message: Message): void {
  deliver(message);
  say(message);
}

function close(): void {
  window.clearTimeout(again);
  stream?.close();
  stream = null;
  address = null;
}

function ask(): void {
  if (!leading) return;
  const now = Date.now();
  for (const [name, other] of others) if (now - other.at > FORGET) others.delete(name);
  const next = shownAddress(shownJoin([ownShown(), ...[...others.values()].map((other) => other.shown)]));
  if (next === address) return;
  window.clearTimeout(again);
  address = next;
  const before = stream;
  if (next === null) {
    close();
    return;
  }
  const opened = new EventSource(next);
  stream = opened;
  // The old one goes on until the new one hears.
  opened.addEventListener('open', () => before?.close());
  opened.addEventListener('error', () => {
    before?.close();
    if (stream !== opened) return;
    away = true;
    if (opened.readyState !== EventSource.CLOSED) return;
    stream = null;
    address = null;
    again = window.setTimeout(ask, wait);
    wait = Math.min(wait * 2, RETRY_LAST);
  });
  opened.addEventListener('open', (event) => {
    // Our own event `open` carries data; the browser's does not.
    if (!(event instanceof MessageEvent) || stream !== opened) return;
    wait = RETRY_FIRST;
    pass({ kind: 'generation', generation: (JSON.parse(String(event.data)) as { generation: number }).generation });
    if (!away) return;
    away = false;
    pass({ kind: 'away' });
  });
  opened.addEventListener('change', (event) => {
    if (stream === opened) pass({ kind: 'event', event: JSON.parse(String(event.data)) as LiveEvent });
  });
}

function askSoon(): void {
  window.clearTimeout(soon);
  soon = window.setTimeout(() => {
    if (leading) ask();
    else say({ kind: 'shows', tab, shown: ownShown() });
  }, SOON);
}

function onMessage(message: Message): void {
  if (message.kind === 'shows') {
    others.set(message.tab, { at: Date.now(), shown: message.shown });
    if (leading) askSoon();
  } else if (message.kind === 'left') {
    if (others.delete(message.tab) && leading) askSoon();
  } else if (message.kind === 'who') {
    say({ kind: 'shows', tab, shown: ownShown() });
  } else {
    deliver(message);
  }
}

function lead(): void {
  leading = true;
  say({ kind: 'who' });
  askSoon();
}

function startJoined(userId: number): () => void {
  const stop = new AbortController();
  const joined = new BroadcastChannel(`ostov-live-${userId}`);
  channel = joined;
  joined.onmessage = (event: MessageEvent<Message>) => onMessage(event.data);
  void navigator.locks.request(`ostov-live-${userId}`, { signal: stop.signal }, () => new Promise<void>((resolve) => {
    if (stop.signal.aborted) return resolve();
    stop.signal.addEventListener('abort', () => resolve());
    lead();
    return undefined;
  })).catch(() => {});
  const timer = window.setInterval(() => {
    if (leading) ask();
    else say({ kind: 'shows', tab, shown: ownShown() });
  }, SAY_AGAIN);
  const leave = (): void => say({ kind: 'left', tab });
  window.addEventListener('pagehide', leave);
  askSoon();
  return () => {
    window.clearInterval(timer);
    window.removeEventListener('pagehide', leave);
    leave();
    stop.abort();
    joined.close();
  };
}

function startAlone(): () => void {
  const see = (): void => {
    leading = !document.hidden;
    if (document.hidden) {
      close();
      away = true;
    } else {
      ask();
    }
  };
  document.addEventListener('visibilitychange', see);
  see();
  return () => document.removeEventListener('visibilitychange', see);
}

/** Begins for a signed-in user; gives what ends it. */
export function liveStart(userId: number, generation: (generation: number) => void): () => void {
  end?.();
  onGeneration = generation;
  const stop = 'locks' in navigator && 'BroadcastChannel' in window ? startJoined(userId) : startAlone();
  end = () => {
    end = null;
    stop();
    close();
    window.clearTimeout(soon);
    others.clear();
    channel = null;
    leading = false;
    away = false;
    onGeneration = () => {};
  };
  return () => end?.();
}

/** Watches records of a section and, by `more`, the rest of it; gives what ends it. */
export function liveWatch(section: string, ids: number[], hear: Hear): () => void {
  const watch = { section, ids, hear };
  watches.add(watch);
  askSoon();
  return () => {
    watches.delete(watch);
    askSoon();
  };
}
