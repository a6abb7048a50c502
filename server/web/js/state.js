// What the page is about at the moment. Whoever changes it tells the others by an event of that name.

/**
 * @typedef {object} Source a picture that effects are tried on
 * @property {'sample' | 'photo'} kind
 * @property {string} name what it shows
 * @property {string} [sample] its ID, if it is one
 * @property {ImageBitmap} bitmap for the screen
 * @property {Blob} small at most 512 pixels wide and high
 * @property {Blob} large as large as it can be
 * @property {number} side of what is shown at most, in pixels
 */

class State extends EventTarget {
  /** @type {import('./api.js').Effect | null} the one that is selected; event 'effect' */
  effect = null;
  /** @type {import('./api.js').Job | null} its newest training; event 'job' */
  job = null;
  /** @type {Source | null} event 'source' */
  source = null;
  /** The strength that is shown, which is not always set yet. */
  strength = 1;
  /** Whether effects run in this browser. */
  local = false;

  /** @param {import('./api.js').Effect | null} effect */
  select(effect) {
    this.effect = effect;
    this.strength = effect?.strength ?? 1;
    this.tell('effect');
  }

  /** @param {string} name */
  tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

export const state = new State();

/** Whether the newest training of the selected effect is at work, and has something to show. */
export const training = () => state.job !== null && state.job.effect === state.effect?.id && state.job.state === 'running' && reachable();

/** The training whose weights so far the server is known to have. */
let inMemory = '';

/** Whether what the newest training has made so far can be applied. */
export const reachable = () => state.job !== null && state.job.id === inMemory;

/**
 * Notes that the server has the weights of a training, or "" that it may have none any more.
 * @param {string} job
 */
export const setReachable = (job) => { inMemory = job; };
