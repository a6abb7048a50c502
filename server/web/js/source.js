// The pictures that effects are tried on: samples of the server, or a photo.

import { keep, picture, recall, ask, path } from './api.js';
import { el, input, button, make, note, say } from './dom.js';
import { state } from './state.js';

const sampleSide = 512;
const shownSide = 1024;
const largestSide = 2048; // of what the server makes

/** @type {{id: string, name: string}[]} */
let samples = [];

/** Shows the samples and takes the one that was used last. */
export async function openSources() {
  button('choose-photo').addEventListener('click', () => input('photo-file').click());
  input('photo-file').addEventListener('change', () => {
    const file = input('photo-file').files?.[0];
    input('photo-file').value = '';
    if (file) takePhoto(file);
  });
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith('image/'));
    if (file) takePhoto(file);
  });
  await loadSamples();
}

/** Loads the samples, unless they are there. */
export async function loadSamples() {
  if (samples.length === 0) {
    samples = (await ask('GET', '/v1/samples')).samples;
    el('samples').replaceChildren(...samples.map(thumbnail));
  }
  if (!state.source) {
    const last = recall('sample');
    await takeSample(samples.find((s) => s.id === last) ?? samples[0]);
  }
}

/** @param {{id: string, name: string}} sample */
function thumbnail(sample) {
  const picture = make('img', { src: path(`/v1/samples/${sample.id}`, { side: 128 }), alt: '', width: 56, height: 56 });
  return make('button', {
    type: 'button', className: 'sample', title: sample.name, 'aria-label': `Sample: ${sample.name}`, 'aria-pressed': 'false',
    'data-sample': sample.id, onclick: () => takeSample(sample).catch(() => {}),
  }, picture);
}

/** @param {{id: string, name: string}} sample */
async function takeSample(sample) {
  const blob = await picture('GET', path(`/v1/samples/${sample.id}`, { side: sampleSide }));
  keep('sample', sample.id);
  const bitmap = await createImageBitmap(blob);
  take({ kind: 'sample', name: sample.name, sample: sample.id, bitmap, small: blob, large: blob, side: sampleSide });
}

/**
 * Takes a photo, scaled down to what is needed.
 * @param {File} file
 */
export async function takePhoto(file) {
  try {
    const whole = await createImageBitmap(file); // upright, whatever its orientation is
    const [large, shown, small] = [largestSide, shownSide, sampleSide].map((side) => within(whole, side));
    whole.close();
    const [largeBlob, smallBlob] = await Promise.all([encode(large), encode(small)]);
    take({
      kind: 'photo', name: file.name || 'your photo', bitmap: shown.transferToImageBitmap(), small: smallBlob, large: largeBlob, side: shownSide,
    });
    say('The photo is there.');
  } catch {
    note(el('look-note'), `“${file.name}” is not a picture that can be read: choose a PNG, JPEG or WebP file.`);
  }
}

/** @param {import('./state.js').Source} source */
function take(source) {
  note(el('look-note'), '');
  for (const b of el('samples').querySelectorAll('button')) b.setAttribute('aria-pressed', String(b.dataset.sample === source.sample));
  button('choose-photo').classList.toggle('on', source.kind === 'photo');
  state.source = source;
  state.tell('source');
}

/**
 * A picture scaled down to a side at most.
 * @param {ImageBitmap} picture
 * @param {number} side
 */
function within(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const c = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const context = c.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.fillStyle = '#fff'; // behind what is transparent
  context.fillRect(0, 0, c.width, c.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, c.width, c.height);
  return c;
}

const encode = (/** @type {OffscreenCanvas} */ c) => c.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
