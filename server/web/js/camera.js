// The camera: frames go through the effect as fast as it can, and no faster.

import { isLost, connection } from './connection.js';
import { sleep } from './api.js';
import { button, el, note, number, say } from './dom.js';
import { engine } from './local.js';
import { renderFrame } from './render.js';
import { stale } from './shelf.js';
import { paint, proportion } from './stage.js';
import { state } from './state.js';

const side = 256;
const inFlight = 2; // frames: one on its way while another is computed

/** @type {MediaStream | null} */
let stream = null;
/** @type {HTMLVideoElement | null} */
let video = null;

/** Whether the camera is on. */
export const cameraOn = () => stream !== null;

/** Lets the button switch the camera on and off. */
export function openCamera() {
  button('camera').addEventListener('click', () => (cameraOn() ? stopCamera() : startCamera()));
  state.addEventListener('source', stopCamera);
}

async function startCamera() {
  note(el('look-note'), '');
  try {
    if (!navigator.mediaDevices) throw new Error('a page needs https, or an address of this machine, to use the camera');
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } } });
  } catch (error) {
    const denied = error instanceof DOMException && error.name === 'NotAllowedError';
    note(el('look-note'), denied ? 'The browser was not allowed to use the camera: allow it for this page, then try again.'
      : `There is no camera to use: ${error instanceof Error ? error.message : error}.`);
    return;
  }
  video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  stream.getVideoTracks()[0].addEventListener('ended', stopCamera);
  await video.play();
  button('camera').setAttribute('aria-pressed', 'true');
  el('fps').hidden = false;
  proportion(1, 1);
  say('The camera is on.');
  const mine = stream;
  for (let i = 0; i < inFlight; i++) follow(mine);
}

/** Switches the camera off, and shows the picture from before. */
export function stopCamera() {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = video = null;
  button('camera').setAttribute('aria-pressed', 'false');
  el('fps').hidden = true;
  state.tell('still');
}

/** Times at which the last frames were shown. */
let shown = /** @type {number[]} */ ([]);
let taken = 0; // frames that were begun
let newest = 0; // the last of them that was shown

/**
 * Takes frames to the screen, one after the other, while a stream lasts.
 * @param {MediaStream} mine
 */
async function follow(mine) {
  shown = [];
  while (stream === mine && video) {
    await nextFrame(video);
    if (stream !== mine || !video) return;
    const frame = grab(video);
    const number = ++taken;
    if (!state.effect || stale(state.effect)) {
      paint('before', frame);
      paint('after', frame);
      continue;
    }
    try {
      const result = await renderFrame(frame);
      if (stream !== mine || number < newest) continue;
      newest = number;
      paint('before', frame);
      paint('after', result);
      tick();
    } catch {
      if (isLost()) await new Promise((again) => connection.addEventListener('found', again, { once: true }));
      else await sleep(500);
    }
  }
}

/** The time of the last frame that was taken, in the video. */
let last = -1;

/**
 * Waits until the camera has a frame that nobody took.
 * @param {HTMLVideoElement} v
 */
async function nextFrame(v) {
  while (stream && v.currentTime === last) await new Promise(requestAnimationFrame);
  last = v.currentTime;
}

/**
 * The middle of what the camera sees, mirrored as in a mirror.
 * @param {HTMLVideoElement} v
 */
function grab(v) {
  const c = new OffscreenCanvas(side, side);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (c.getContext('2d'));
  const edge = Math.min(v.videoWidth, v.videoHeight);
  context.translate(side, 0);
  context.scale(-1, 1);
  context.drawImage(v, (v.videoWidth - edge) / 2, (v.videoHeight - edge) / 2, edge, edge, 0, 0, side, side);
  return c;
}

/** Counts a frame and shows how many there are in a second. */
function tick() {
  const now = performance.now();
  shown = [...shown.filter((t, i) => now - t < 2000 || i >= shown.length - 2), now];
  if (shown.length < 3) return;
  const rate = (1000 * (shown.length - 1)) / (now - shown[0]);
  el('fps').textContent = `${number(rate, rate < 9.5 ? 1 : 0)} frames/s ${state.local ? `in this browser, ${engine()}` : 'through the server'}`;
}
