/**
 * The changes in the workspace, as the server reports them.
 *
 * A hidden tab has no connection, because a browser allows only six to one server. When it is visible again, it gets
 * one change for everything.
 *
 * @typedef {{runs?: string[], sweeps?: string[], models?: string[], endpoints?: string[], data?: string[]}} Change
 * @typedef {"connecting" | "live" | "offline"} State
 */
import { complain } from "./dom.js";

const PAUSE = 400; // milliseconds between a change and the update
const LONGEST_PAUSE = 3000;
const SHARE = 60; // the pause as a multiple of the time that the last update took: runs need the processors, too

/** @type {Set<(change: Change | null) => void>} */
const listeners = new Set();
/** @type {Set<(state: State) => void>} */
const watchers = new Set();
/** @type {EventSource | null} */
let source = null;
let interrupted = false;
/** @type {State} */
let state = "connecting";

/**
 * Call a function at each change, with the ids of what changed by kind, or with null if anything may have.
 * @param {(change: Change | null) => void} listener
 */
export function onChange(listener) {
  listeners.add(listener);
}

/**
 * Update the page after changes that concern it. Several changes in a row are one update.
 *
 * Two updates never go on at once: the earlier one could end last, and would show what is out of date.
 * @param {(change: Change) => boolean} concerns called with a change whose ids are known
 * @param {() => void | Promise<void>} update an error of which is shown
 */
export function keepCurrent(concerns, update) {
  let planned = false;
  let running = false;
  let changed = false; // while an update was going on, which may have read too early
  let pause = PAUSE;
  function plan() {
    planned = true;
    setTimeout(run, pause);
  }
  async function run() {
    planned = false;
    running = true;
    const begun = performance.now();
    try {
      await update();
    } catch (error) {
      complain(error);
    }
    pause = Math.min(LONGEST_PAUSE, Math.max(PAUSE, SHARE * (performance.now() - begun)));
    running = false;
    if (changed) plan();
    changed = false;
  }
  onChange((change) => {
    if (planned || (change && !concerns(change))) return;
    if (running) changed = true;
    else plan();
  });
}

/**
 * Call a function now and whenever the connection changes.
 * @param {(state: State) => void} watcher
 */
export function watchState(watcher) {
  watchers.add(watcher);
  watcher(state);
}

/** @param {State} now */
function become(now) {
  state = now;
  for (const watcher of watchers) watcher(now);
}

/** @param {Change | null} change */
function tell(change) {
  for (const listener of listeners) listener(change);
}

function connect() {
  const address = document.querySelector('meta[name="events"]')?.getAttribute("content");
  if (!address || source) return;
  source = new EventSource(address);
  source.addEventListener("ready", () => {
    become("live");
    if (interrupted) tell(null);
    interrupted = false;
  });
  source.addEventListener("change", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    interrupted = true;
    become("offline");
  });
}

function disconnect() {
  source?.close();
  source = null;
  interrupted = true;
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);
if (!document.hidden) connect();
