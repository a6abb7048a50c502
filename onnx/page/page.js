
// Applies model.onnx, which lies beside this page, to a photo or to what the camera sees.

const $ = id => document.getElementById(id);
const before = $('before'), after = $('after');
const shown = before.getContext('2d', {willReadFrequently: true}), result = after.getContext('2d');
const video = document.createElement('video');
video.muted = video.playsInline = true;

const sample = './sample.jpg';
const photoSide = 1600, cameraSide = 640; // of pictures on the page, in pixels, the longer
const leastSide = 5;                      // that the network takes

const copy = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true}); // what the network sees

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

// compute changes what is on the canvas, and returns how long the network took for it, in milliseconds.
async function compute() {
  const {width: W, height: H} = before;
  const scale = Math.min(Number($('side').value) / Math.min(W, H), 1);
  const w = Math.max(Math.round(W * scale), leastSide), h = Math.max(Math.round(H * scale), leastSide);
  const same = w === W && h === H;
  [copy.canvas.width, copy.canvas.height] = [w, h];
  copy.imageSmoothingQuality = 'high';
  copy.drawImage(before, 0, 0, w, h);
  const small = colours(copy.getImageData(0, 0, w, h).data);
  const begin = performance.now();
  const changed = await apply(small, w, h);
  const took = performance.now() - begin;
  const full = shown.getImageData(0, 0, W, H);
  if (same) {
    for (let i = 0; i < changed.length; i++) full.data[4 * Math.floor(i / 3) + i % 3] = 255 * changed[i]; // rounds
  } else {
    full.data.set(carryOver(full.data, W, H, small, changed, w, h));
  }
  if (after.width !== W || after.height !== H) [after.width, after.height] = [W, H];
  result.putImageData(full, 0, 0);
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
      say(`${copy.canvas.width}x${copy.canvas.height} pixels in ${(took / 1000).toFixed(2)} s`);
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
