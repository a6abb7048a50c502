// The worker that runs networks with onnxruntime-web, which the server has at /ort/ if it was started with --ort.

/** The least that a picture's width and height may be. */
const minSide = 16;

/** @type {any} the module of onnxruntime-web, once it is loaded */
let ort = null;
/** @type {any} */
let session = null;
let where = '';

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
 */
async function open(model) {
  await load();
  const next = await ort.InferenceSession.create(model, { executionProviders: where === 'WebGPU' ? ['webgpu', 'wasm'] : ['wasm'] });
  await session?.release();
  session = next;
  return { where };
}

/**
 * Applies the network to a picture, scaled down to a side at most.
 * @param {ImageBitmap} picture
 * @param {number} side
 */
async function run(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const [w, h] = [picture.width, picture.height].map((n) => Math.max(minSide, Math.round(n * scale)));
  const c = new OffscreenCanvas(w, h);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (c.getContext('2d', { willReadFrequently: true }));
  context.drawImage(picture, 0, 0, w, h);
  picture.close();
  const image = context.getImageData(0, 0, w, h);
  const result = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', toPlanes(image.data), [1, 3, h, w]) });
  const output = result[session.outputNames[0]];
  fromPlanes(output.data, image.data);
  output.dispose?.();
  return { bitmap: await createImageBitmap(image) };
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

addEventListener('message', async ({ data }) => {
  try {
    const answer = data.model ? await open(data.model) : await run(data.bitmap, data.side);
    postMessage({ id: data.id, ...answer });
  } catch (error) {
    postMessage({ id: data.id, error: `the effect cannot run in this browser: ${error instanceof Error ? error.message : error}` });
  }
});

export {}; // a module
