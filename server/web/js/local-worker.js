// The worker that runs networks with onnxruntime-web, which the server has at /ort/ if it was started with --ort.

/** @type {{importScripts: (path: string) => void, carryOver: (full: Uint8ClampedArray, W: number, H: number, small: Float32Array,
 *   changed: Float32Array, w: number, h: number) => Uint8ClampedArray}} */
const scope = /** @type {any} */ (globalThis);
scope.importScripts('/js/carry.js'); // which exported pages have, too

/** Networks see pictures at this many times the side of those they were trained on, and at that side: see package apply. */
const sideTimes = 4;
/** Frames of a camera they see smaller, so that there are more of them. */
const frameTimes = 2;
const leastSide = 5;

/** @type {any} the module of onnxruntime-web, once it is loaded */
let ort = null;
/** @type {any} */
let session = null;
let where = '';
let side = 64; // of the pictures that the network was trained on

/** Loads onnxruntime-web: with WebGPU where there is one. */
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
 * Takes a network.
 * @param {ArrayBuffer} model
 * @param {number} trained the side of the pictures that it was trained on
 */
async function open(model, trained) {
  await load();
  const next = await ort.InferenceSession.create(model, { executionProviders: where === 'WebGPU' ? ['webgpu', 'wasm'] : ['wasm'] });
  await session?.release();
  session = next;
  side = trained;
  return { where };
}

/**
 * Applies the network to a picture, scaled down to a side at most.
 * @param {ImageBitmap} picture
 * @param {number} most
 * @param {boolean} isFrame of a camera
 */
async function run(picture, most, isFrame) {
  const full = resize(picture, Math.min(1, most / Math.max(picture.width, picture.height)));
  picture.close();
  const seen = await within(full, (isFrame ? frameTimes : sideTimes) * side);
  const small = await within(seen, side);
  let changed = await apply(seen);
  if (small !== seen) {
    const look = await apply(small);
    const changedSmall = resize(await createImageBitmap(changed), small.width / seen.width, small);
    changed = carry(changed, changedSmall, look);
  }
  if (seen !== full) changed = carry(full, seen, changed);
  return { bitmap: await createImageBitmap(changed) };
}

/**
 * A picture at a share of its size.
 * @param {ImageBitmap} picture
 * @param {number} share
 * @param {{width: number, height: number}} [size] or exactly that
 */
function resize(picture, share, size) {
  const [w, h] = size ? [size.width, size.height] : [picture.width, picture.height].map((n) => Math.max(leastSide, Math.round(n * share)));
  const c = new OffscreenCanvas(w, h);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (c.getContext('2d', { willReadFrequently: true }));
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, w, h);
  return context.getImageData(0, 0, w, h);
}

/**
 * A picture whose shorter side has so many pixels at most.
 * @param {ImageData} picture
 * @param {number} most
 */
async function within(picture, most) {
  const share = most / Math.min(picture.width, picture.height);
  return share >= 1 ? picture : resize(await createImageBitmap(picture), share);
}

/**
 * What becomes of a picture if it is changed as a small copy of it is.
 * @param {ImageData} full
 * @param {ImageData} small
 * @param {ImageData} changed the small copy
 */
function carry(full, small, changed) {
  const out = scope.carryOver(full.data, full.width, full.height, colours(small.data), colours(changed.data), small.width, small.height);
  const picture = new ImageData(full.width, full.height);
  picture.data.set(out);
  return picture;
}

/**
 * RGB in [0,1].
 * @param {Uint8ClampedArray} pixels RGBA, 0 to 255
 */
function colours(pixels) {
  const out = new Float32Array((pixels.length / 4) * 3);
  for (let i = 0, j = 0; j < out.length; i += 4, j += 3) {
    for (let c = 0; c < 3; c++) out[j + c] = pixels[i + c] / 255;
  }
  return out;
}

/**
 * What the network makes of a picture.
 * @param {ImageData} picture
 */
async function apply({ data, width, height }) {
  const n = width * height;
  const planes = new Float32Array(3 * n); // in [-1,1]
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) planes[c * n + i] = data[4 * i + c] / 127.5 - 1;
  }
  const result = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', planes, [1, 3, height, width]) });
  const output = result[session.outputNames[0]];
  const changed = new ImageData(width, height);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) changed.data[4 * i + c] = (output.data[c * n + i] + 1) * 127.5;
    changed.data[4 * i + 3] = 255;
  }
  output.dispose?.();
  return changed;
}

addEventListener('message', async ({ data }) => {
  try {
    const answer = data.model ? await open(data.model, data.trained) : await run(data.bitmap, data.side, data.isFrame);
    postMessage({ id: data.id, ...answer });
  } catch (error) {
    postMessage({ id: data.id, error: `the effect cannot run in this browser: ${error instanceof Error ? error.message : error}` });
  }
});
