// The server's HTTP interface (/v1/openapi.json), as the page uses it.

/**
 * @typedef {{prompt: string, edit: string}} Suggestion
 * @typedef {{id: string, name: string, prompt: string, created: string, kind: 'adapter' | 'weights', base: string, steps: number,
 *   strength: number, version: number, unknown?: string[], edit?: string, nearest?: Suggestion[], psnr?: number,
 *   blend?: {a: string, b: string, weight: number}, preview?: string}} Effect
 * @typedef {{step: number, seconds: number, loss: number, psnr: number, images_per_second: number, preview?: string}} Side
 * @typedef {{number: number, seconds: number, tuned: Side, scratch?: Side}} Point
 * @typedef {'queued' | 'running' | 'stopped' | 'done' | 'failed' | 'cancelled'} State
 * @typedef {{id: string, created: string, kind: 'tune' | 'race', effect: string, pairs?: string, edit?: string, all_weights?: boolean, gan?: boolean,
 *   seconds?: number, recipe?: string, state: State, position?: number, error?: string, train: number, test: number, untuned?: number,
 *   example?: {input: string, target: string}, points?: Point[]}} Job
 * @typedef {{id: string, name: string, created: string, train: number, test: number, skipped?: string[]}} Pairs
 * @typedef {{version: string, ready: boolean, base: string, size: number, weights: number, values: number, threads: number, ort: boolean,
 *   effects: number, running: number, queued: number, limits: Record<string, number>}} Status
 */

/** An answer that is not a success, or none. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 if there was no answer
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Tells of 'lost', when the server did not answer, and 'denied', when it wants its token. */
export const trouble = new EventTarget();

/** The name by which the server tells this browser from others at its address. */
const client = remembered('client', () => crypto.getRandomValues(new Uint32Array(3)).join('-'));

/**
 * A text that this browser keeps, if it keeps anything.
 * @param {string} name
 * @param {() => string} otherwise
 */
function remembered(name, otherwise) {
  const kept = recall(name);
  if (kept) return kept;
  const made = otherwise();
  keep(name, made);
  return made;
}

/**
 * Lets this browser keep a text.
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(`warmstart.${name}`, value);
  } catch {
    // a browser that keeps nothing
  }
}

/**
 * The text that this browser keeps, or "".
 * @param {string} name
 */
export function recall(name) {
  try {
    return localStorage.getItem(`warmstart.${name}`) ?? '';
  } catch {
    return '';
  }
}

/**
 * Sends a request. A busy server is asked again, a few times.
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, body?: Blob | FormData, signal?: AbortSignal, cache?: RequestCache, keepalive?: boolean}} [o]
 * @returns {Promise<Response>}
 */
export async function send(method, path, o = {}) {
  /** @type {Record<string, string>} */
  const headers = { 'X-Warmstart-Client': client };
  let body = /** @type {BodyInit | undefined} */ (o.body);
  if (o.json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(o.json);
  }
  for (let tries = 0; ; tries++) {
    const response = await reach(path, { method, headers, body, signal: o.signal, cache: o.cache, keepalive: o.keepalive });
    if (response.ok) return response;
    if (response.status === 429 && tries < 5) {
      await sleep(1000 * Number(response.headers.get('Retry-After') || 1));
      continue;
    }
    if (response.status === 401) trouble.dispatchEvent(new Event('denied'));
    throw new Failure(await reason(response), response.status);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    trouble.dispatchEvent(new Event('lost'));
    throw new Failure('the server does not answer', 0);
  }
}

/**
 * What an answer says was wrong.
 * @param {Response} response
 */
async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `the server answered ${response.status}`;
  }
}

/**
 * The JSON in the answer to a request.
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {Parameters<typeof send>[2]} [o]
 * @returns {Promise<T>}
 */
export async function ask(method, path, o) {
  const response = await send(method, path, o);
  if (response.status === 204) return /** @type {T} */ (undefined);
  try {
    return await response.json();
  } catch {
    trouble.dispatchEvent(new Event('lost')); // the answer broke off
    throw new Failure('the server does not answer', 0);
  }
}

/**
 * The picture in the answer to a request.
 * @param {string} method
 * @param {string} path
 * @param {Parameters<typeof send>[2]} [o]
 */
export async function picture(method, path, o) {
  const response = await send(method, path, o);
  try {
    return await response.blob();
  } catch {
    trouble.dispatchEvent(new Event('lost'));
    throw new Failure('the server does not answer', 0);
  }
}

/**
 * A path with parameters; those that are undefined are left out.
 * @param {string} base
 * @param {Record<string, string | number | undefined>} parameters
 */
export function path(base, parameters) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) q.set(name, String(value));
  }
  return q.size ? `${base}?${q}` : base;
}

export const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/** Headers for requests that are not sent by send. */
export const ownHeaders = () => ({ 'X-Warmstart-Client': client });
