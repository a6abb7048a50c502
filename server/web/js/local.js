// Effects in this browser: a worker runs the exported network, so that the page stays responsive.

import { send } from './api.js';
import { status } from './connection.js';

/** @type {Worker | null} */
let worker = null;
/** The effect that the worker has, as it was then. */
let loaded = '';
let where = '';
let number = 0;
/** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} by the numbers of their requests */
const waiting = new Map();

/** One picture at a time: effects are exchanged between two. */
let turn = Promise.resolve();

/** What runs the network: "WebGPU" or "WebAssembly", or "" before it is known. */
export const engine = () => where;

/**
 * What an effect makes of a picture.
 * @param {import('./api.js').Effect} effect
 * @param {ImageBitmap | OffscreenCanvas} picture
 * @param {number} side of the result at most, in pixels
 * @param {boolean} [isFrame] of a camera: sooner, with less detail
 * @returns {Promise<ImageBitmap>}
 */
export function runLocal(effect, picture, side, isFrame = false) {
  const mine = turn.then(() => run(effect, picture, side, isFrame));
  turn = mine.then(() => {}, () => {});
  return mine;
}

/**
 * @param {import('./api.js').Effect} effect
 * @param {ImageBitmap | OffscreenCanvas} picture
 * @param {number} side
 * @param {boolean} isFrame
 */
async function run(effect, picture, side, isFrame) {
  const key = `${effect.id} ${effect.version} ${effect.strength}`;
  if (loaded !== key) {
    const model = await (await send('GET', `/v1/effects/${effect.id}/onnx`)).arrayBuffer();
    ({ where } = await ask({ model, trained: status?.size }, [model]));
    loaded = key;
  }
  const bitmap = await createImageBitmap(picture);
  return (await ask({ bitmap, side, isFrame }, [bitmap])).bitmap;
}

/**
 * Asks the worker for something.
 * @param {object} what
 * @param {Transferable[]} handed over to it
 * @returns {Promise<any>}
 */
function ask(what, handed) {
  worker ??= start();
  const id = ++number;
  worker.postMessage({ id, ...what }, handed);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function start() {
  const w = new Worker('/js/local-worker.js');
  w.addEventListener('message', ({ data }) => {
    const request = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) request?.reject(new Error(data.error));
    else request?.resolve(data);
  });
  w.addEventListener('error', () => {
    for (const { reject } of waiting.values()) reject(new Error('the effect cannot run in this browser'));
    waiting.clear();
    worker = null;
    loaded = '';
  });
  return w;
}
