
// Applies model.onnx, which lies beside this page, to a photo or to what the camera sees.

const $ = id => document.getElementById(id);
const before = $('before'), after = $('after');
const shown = before.getContext('2d', {willReadFrequently: true}), result = after.getContext('2d');
const video = document.createElement('video');
video.muted = video.playsInline = true;

const sample = './sample.jpg';
const photoSide = 1600, cameraSide = 640; // of pictures on the page, in pixels, the longer
const leastSide = 5;                      // that the network takes

const canvas = () => new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const seen = canvas(), look = canvas(), changed = canvas(), changedLook = canvas(); // what the network sees and makes, at two sizes

let ort, session, photo, stream;
let busy = false, again = false;

function say(text, error = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', error);
}

function setup(reason) {
  $('reason').textContent = reason;
  $('setup').hidden = false;
  say('Not ready');
}

// load gets the runtime and the model.
async function load() {
  if (location.protocol === 'file:') {
    return setup('This page was opened from a disk.');
  }
  try {
    ort = await import(new URL('./ort/ort.wasm.min.mjs', location.href));
  } catch {
    return setup('There is no ort/ort.wasm.min.mjs beside this page.');
  }
  ort.env.wasm.proxy = true; // compute in a worker: the page stays responsive
  ort.env.wasm.wasmPaths = new URL('./ort/', location.href).href;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  try {
    session = await ort.InferenceSession.create(new URL('./model.onnx', location.href).href, {executionProviders: ['wasm']});
  } catch (error) {
    return setup(`The model could not be loaded (${error.message ?? error}). Are all the files there?`);
  }
  $('work').hidden = false;
  say('Ready');
  const response = await fetch(sample).catch(() => null);
  if (response?.ok && !photo) await open(await response.blob());
}

// open shows a picture's file.
async function open(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, {imageOrientation: 'from-image'});
  } catch {
    return say('This is not a picture that the browser can read.', true);
  }
  stopCamera();
  photo?.close();
  photo = bitmap;
  await update();
}

// draw puts a source of the given size onto the canvas, scaled down to a longer side.
function draw(source, width, height, longest) {
  const scale = Math.min(longest / Math.max(width, height), 1);
  const w = Math.max(Math.round(width * scale), 1), h = Math.max(Math.round(height * scale), 1);
  if (before.width !== w || before.height !== h) [before.width, before.height] = [w, h];
  $('stage').style.setProperty('--aspect', w / h);
  shown.fillStyle = '#fff'; // under what is transparent
  shown.fillRect(0, 0, w, h);
  shown.drawImage(source, 0, 0, w, h);
}

// compute changes what is on the canvas, and returns how long the network took for it, in milliseconds. The network sees the picture at two
// sizes, as in `warmstart apply` (package apply): as small as those it was trained on, for the look as a whole, and larger, for details.
async function compute() {
  const {width: W, height: H} = before;
  shrink(seen, before, Number($('side').value));
  let took = await change(changed, seen);
  shrink(look, seen.canvas, Number($('side').dataset.trained));
  if (look.canvas.width < seen.canvas.width || look.canvas.height < seen.canvas.height) {
    took += await change(changedLook, look);
    const details = canvas();
    resize(details, changed.canvas, look.canvas.width, look.canvas.height);
    put(changed, carried(pixels(changed), pixels(details), pixels(changedLook)));
  }
  if (after.width !== W || after.height !== H) [after.width, after.height] = [W, H];
  const same = seen.canvas.width === W && seen.canvas.height === H;
  result.putImageData(same ? pixels(changed) : carried(pixels(shown), pixels(seen), pixels(changed)), 0, 0);
  return took;
}

// shrink draws a picture such that its shorter side has so many pixels at most.
function shrink(to, from, side) {
  const scale = Math.min(side / Math.min(from.width, from.height), 1);
  resize(to, from, Math.max(Math.round(from.width * scale), leastSide), Math.max(Math.round(from.height * scale), leastSide));
}

function resize(to, from, w, h) {
  [to.canvas.width, to.canvas.height] = [w, h];
  to.imageSmoothingQuality = 'high';
  to.drawImage(from, 0, 0, w, h);
}

const pixels = context => context.getImageData(0, 0, context.canvas.width, context.canvas.height);

function put(context, image) {
  [context.canvas.width, context.canvas.height] = [image.width, image.height];
  context.putImageData(image, 0, 0);
}

// carried is a picture changed as a small one was.
function carried(full, small, changed) {
  const {width: w, height: h} = small;
  return new ImageData(carryOver(full.data, full.width, full.height, colours(small.data), colours(changed.data), w, h), full.width, full.height);
}

// change puts what the network makes of one context's picture into another, and returns how long the network took, in milliseconds.
async function change(to, from) {
  const {width: w, height: h} = from.canvas;
  const begin = performance.now(), result = await apply(colours(pixels(from).data), w, h), took = performance.now() - begin;
  const image = new ImageData(w, h);
  image.data.fill(255);
  for (let i = 0; i < result.length; i++) image.data[4 * Math.floor(i / 3) + i % 3] = 255 * result[i]; // rounds
  put(to, image);
  return took;
}

// colours takes RGB in [0,1] out of RGBA.
function colours(data) {
  const out = new Float32Array(data.length / 4 * 3);
  for (let i = 0; i < out.length; i++) out[i] = data[4 * Math.floor(i / 3) + i % 3] / 255;
  return out;
}

// apply runs the network, which wants planes in [-1,1].
async function apply(colours, w, h) {
  const n = w * h, planes = new Float32Array(3 * n), changed = new Float32Array(3 * n);
  for (let i = 0; i < 3 * n; i++) planes[i % 3 * n + Math.floor(i / 3)] = 2 * colours[i] - 1;
  const {output} = await session.run({image: new ort.Tensor('float32', planes, [1, 3, h, w])});
  for (let i = 0; i < 3 * n; i++) changed[i] = (output.data[i % 3 * n + Math.floor(i / 3)] + 1) / 2;
  return changed;
}

// update computes the photo; what changes meanwhile is computed after it.
async function update() {
  again = true;
  if (busy || !photo || stream) return;
  busy = true;
  try {
    while (again && !stream) {
      again = false;
      draw(photo, photo.width, photo.height, photoSide);
      say('Computing…');
      const took = await compute();
      say(`${seen.canvas.width}x${seen.canvas.height} pixels in ${(took / 1000).toFixed(2)} s`);
    }
  } catch (error) {
    say(`This picture could not be computed: ${error.message ?? error}`, true);
  } finally {
    busy = false;
  }
}

async function startCamera() {
  if (!navigator.mediaDevices) return say('The browser gives no camera to pages that do not come by https or from localhost.', true);
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {width: {ideal: 640}, facingMode: 'user'}});
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    stopCamera();
    return say(`The camera cannot be used: ${error.message}`, true);
  }
  $('camera').textContent = 'Stop the camera';
  $('camera').setAttribute('aria-pressed', 'true');
  say('The camera is on');
  await live();
}

function stopCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = video.srcObject = null;
  $('camera').textContent = 'Use the camera';
  $('camera').setAttribute('aria-pressed', 'false');
  $('rate').textContent = '';
}

// live computes what the camera sees for as long as it is on.
async function live() {
  const own = stream;
  while (busy) await new Promise(resolve => setTimeout(resolve, 20));
  busy = true;
  let frames = 0, since = performance.now();
  try {
    while (stream === own) {
      if (video.videoWidth) {
        draw(video, video.videoWidth, video.videoHeight, cameraSide);
        await compute();
        frames++;
      }
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      if (now - since > 1000) {
        $('rate').textContent = `${(frames * 1000 / (now - since)).toFixed(1)} pictures/s`;
        frames = 0;
        since = now;
      }
    }
  } catch (error) {
    stopCamera();
    say(`The camera's pictures could not be computed: ${error.message ?? error}`, true);
  } finally {
    busy = false;
  }
  if (!stream) await update();
}

function save() {
  after.toBlob(blob => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = $('save').dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

$('split').addEventListener('input', event => $('stage').style.setProperty('--split', event.target.value));
$('file').addEventListener('change', event => {
  if (event.target.files[0]) open(event.target.files[0]);
  event.target.value = '';
});
$('side').addEventListener('change', update);
$('save').addEventListener('click', save);
$('camera').addEventListener('click', () => {
  if (!stream) return startCamera();
  stopCamera();
});
for (const type of ['dragover', 'dragleave', 'drop']) {
  addEventListener(type, event => {
    event.preventDefault();
    document.body.classList.toggle('drop', type === 'dragover');
    if (type === 'drop' && session && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}
addEventListener('paste', event => {
  const file = event.clipboardData.files[0];
  if (session && file) open(file);
});

load();
