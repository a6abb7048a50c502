// Effects in this browser: the exported network in onnxruntime-web, which the server has at /ort/ if it was started with --ort.

import { send } from './api.js';

/** @type {any} the module of onnxruntime-web, once it is loaded */
let ort = null;
/** @type {{key: string, session: any, input: string, output: string} | null} */
let loaded = null;
let where = '';

/** What runs the network: "WebGPU" or "WebAssembly", or "" before it is known. */
export const engine = () => where;

/** The least that a picture's width and height may be. */
const minSide = 16;

/** One picture at a time: sessions are exchanged between two. */
let turn = Promise.resolve();

/**
 * Loads onnxruntime-web: with WebGPU where there is one.
 */
async function load() {
  if (ort) return;
  const gpu = 'gpu' in navigator && (await /** @type {any} */ (navigator).gpu.requestAdapter().catch(() => null));
  const file = gpu ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs';
  const module = await import(file);
  module.env.wasm.wasmPaths = '/ort/';
  module.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
  module.env.logLevel = 'error';
  where = gpu ? 'WebGPU' : 'WebAssembly';
  ort = module;
}

/**
 * A session for an effect as it is now.
 * @param {import('./api.js').Effect} effect
 */
async function open(effect) {
  const key = `${effect.id} ${effect.version} ${effect.strength}`;
  if (loaded?.key === key) return loaded;
  await load();
  const model = await (await send('GET', `/v1/effects/${effect.id}/onnx`)).arrayBuffer();
  const providers = where === 'WebGPU' ? ['webgpu', 'wasm'] : ['wasm'];
  const session = await ort.InferenceSession.create(model, { executionProviders: providers });
  await loaded?.session.release();
  loaded = { key, session, input: session.inputNames[0], output: session.outputNames[0] };
  return loaded;
}

/**
 * What an effect makes of a picture, as a canvas.
 * @param {import('./api.js').Effect} effect
 * @param {ImageBitmap | OffscreenCanvas} picture
 * @param {number} side of the result at most, in pixels
 */
export function runLocal(effect, picture, side) {
  const mine = turn.then(() => run(effect, picture, side));
  turn = mine.then(() => {}, () => {});
  return mine;
}

/**
 * @param {import('./api.js').Effect} effect
 * @param {ImageBitmap | OffscreenCanvas} picture
 * @param {number} side
 */
async function run(effect, picture, side) {
  const { session, input, output } = await open(effect);
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const [w, h] = [picture.width, picture.height].map((n) => Math.max(minSide, Math.round(n * scale)));
  const c = new OffscreenCanvas(w, h);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (c.getContext('2d', { willReadFrequently: true }));
  context.drawImage(picture, 0, 0, w, h);
  const image = context.getImageData(0, 0, w, h);
  const result = await session.run({ [input]: new ort.Tensor('float32', toPlanes(image.data), [1, 3, h, w]) });
  fromPlanes(result[output].data, image.data);
  result[output].dispose?.();
  context.putImageData(image, 0, 0);
  return c;
}

/**
 * Pixels (RGBA, 0 to 255) as planes of red, green and blue in [-1,1].
 * @param {Uint8ClampedArray} pixels
 */
function toPlanes(pixels) {
  const n = pixels.length / 4;
  const planes = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) planes[c * n + i] = pixels[4 * i + c] / 127.5 - 1;
  }
  return planes;
}

/**
 * Writes planes in [-1,1] to pixels.
 * @param {Float32Array} planes
 * @param {Uint8ClampedArray} pixels
 */
function fromPlanes(planes, pixels) {
  const n = pixels.length / 4;
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = (planes[c * n + i] + 1) * 127.5;
  }
}
