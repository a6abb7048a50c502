// How a training goes: figures, the curve, and the pair that it shows itself on.

import { Chart } from './chart.js';
import { button, duration, el, make, note, number } from './dom.js';
import { over, settled } from './follow.js';
import { state } from './state.js';

/** @typedef {import('./api.js').Job} Job */

const tunedName = 'Warmstart';
const scratchName = 'pix2pix from scratch';
const longAxis = 60; // seconds: the time axis of longer trainings grows as they go

/** @type {Chart | null} */
let chart = null;

/** Shows the newest training of the selected effect. */
export function showJob() {
  const job = state.job;
  el('job').hidden = !job;
  if (!job) return;
  el('job-state').textContent = headline(job);
  el('job-state').dataset.state = job.state;
  button('stop').hidden = settled(job);
  button('continue').hidden = job.state !== 'stopped';
  button('discard').hidden = settled(job);
  const points = job.points ?? [];
  for (const id of ['figures', 'chart']) el(id).hidden = points.length === 0;
  if (points.length > 0) {
    showFigures(job);
    showCurves(job);
  }
  showExample(job);
  const told = job.state === 'done' || job.state === 'stopped' ? verdict(job) : '';
  el('verdict').textContent = told;
  el('verdict').hidden = told === '';
}

/** A time of training as people read it. */
const clock = (/** @type {number} */ s) => (s < 60 ? `${number(s, 1)} s` : duration(s));

/** @param {Job} job */
export function headline(job) {
  const what = job.kind === 'race' ? 'race' : 'training';
  const took = clock(job.points?.at(-1)?.seconds ?? 0);
  switch (job.state) {
    case 'queued': return job.points?.length ? 'Waiting to go on…' : job.position && job.position > 1 ? `Waiting: number ${job.position} in line` : 'Waiting for its turn…';
    case 'running': return job.points?.length ? (job.kind === 'race' ? 'Racing' : 'Training') : 'Making pairs…';
    case 'stopped': return `Stopped after ${took}`;
    case 'done': return `The ${what} is over after ${took}`;
    case 'cancelled': return `The ${what} was discarded`;
    case 'failed': return `The ${what} failed: ${job.error ?? 'the server’s log says why'}`;
  }
}

/** @param {Job} job */
function showFigures(job) {
  const points = job.points ?? [];
  const [first, last] = [points[0], points[points.length - 1]];
  const gain = last.tuned.psnr - first.tuned.psnr;
  const rate = (/** @type {(p: import('./api.js').Point) => number | undefined} */ of) => of(points.findLast((p) => (of(p) ?? 0) > 0) ?? last) ?? 0;
  const cell = (/** @type {string} */ value, /** @type {string} */ unit, /** @type {string} */ more = '', worse = false) =>
    make('dd', {}, make('b', {}, value), ` ${unit}`, ...(more ? [make('small', { className: worse ? 'worse' : '' }, more)] : []));
  const rows = [
    make('dt', { title: 'Mean PSNR on pairs that are kept back from training. More is better.' }, 'Quality'),
    cell(number(last.tuned.psnr, 1), 'dB', points.length > 1 ? `${gain < 0 ? '−' : '+'}${number(Math.abs(gain), 1)}` : '', gain < 0 && !job.gan),
    ...(last.scratch ? [cell(number(last.scratch.psnr, 1), 'dB')] : []),
    make('dt', {}, 'Speed'),
    cell(number(rate((p) => p.tuned.images_per_second)), 'images/s'),
    ...(last.scratch ? [cell(number(rate((p) => p.scratch?.images_per_second)), 'images/s')] : []),
    make('dt', {}, last.scratch ? 'Steps' : 'Time'),
    last.scratch ? cell(number(last.tuned.step), '') : cell(clock(last.seconds), `${number(last.tuned.step)} steps`),
    ...(last.scratch ? [cell(number(last.scratch.step), '')] : []),
  ];
  const head = last.scratch ? [make('dt', {}, clock(last.seconds)), make('dd', { className: 'key key-tuned' }, tunedName), make('dd', { className: 'key key-scratch' }, scratchName)] : [];
  el('figures').classList.toggle('race', Boolean(last.scratch));
  el('figures').replaceChildren(...head, ...rows);
}

/** @param {Job} job */
function showCurves(job) {
  chart ??= new Chart(el('chart'));
  const points = job.points ?? [];
  /** @type {import('./chart.js').Curve[]} */
  const curves = [{ name: tunedName, kind: 'tuned', points: points.map((p) => ({ x: p.tuned.seconds, y: p.tuned.psnr })) }];
  if (job.kind === 'race') {
    curves.unshift({ name: scratchName, kind: 'scratch', points: points.flatMap((p) => (p.scratch ? [{ x: p.scratch.seconds, y: p.scratch.psnr }] : [])) });
  }
  const budget = job.seconds ?? 0;
  const end = budget > longAxis || over(job) ? Math.max(1, points[points.length - 1].seconds) : Math.max(1, budget);
  chart.update(curves, { end, base: job.untuned, live: job.state === 'running' });
}

/** @param {Job} job */
function showExample(job) {
  const last = job.points?.at(-1);
  const place = el('example');
  place.hidden = !job.example;
  if (!job.example) return place.replaceChildren();
  /** @type {[string, string | undefined][]} */
  const wanted = [['Input', job.example.input], ['Target', job.example.target], ['Now', last?.tuned.preview]];
  if (job.kind === 'race') wanted.push(['From scratch', last?.scratch?.preview]);
  const figures = wanted.filter(([, src]) => src);
  if (place.children.length !== figures.length || place.dataset.job !== job.id) {
    place.dataset.job = job.id;
    place.replaceChildren(...figures.map(([name]) => make('figure', {}, make('img', { alt: `${name} of a pair that is kept back`, width: 64, height: 64 }), make('figcaption', {}, name))));
  }
  figures.forEach(([, src], i) => {
    const image = place.children[i].querySelector('img');
    if (image && src && image.getAttribute('src') !== src) image.src = src;
  });
}

/**
 * What came of a race, or of a training, in a sentence.
 * @param {Job} job
 */
export function verdict(job) {
  const points = job.points ?? [];
  if (points.length < 2) return '';
  const best = Math.max(...points.map((p) => p.tuned.psnr));
  const time = clock(points[points.length - 1].seconds);
  if (job.kind !== 'race') {
    return job.gan || best > points[0].tuned.psnr ? '' : 'Training did not make it better on these pairs: more of them, or more time, may.';
  }
  const scratch = Math.max(...points.map((p) => p.scratch?.psnr ?? 0));
  const passed = points.find((p) => p.tuned.psnr >= scratch);
  if (!passed) return `After ${time}, pix2pix from scratch is ahead: ${number(scratch, 1)} dB to ${number(best, 1)} dB.`;
  if (passed.tuned.step === 0) {
    return `pix2pix from scratch came to ${number(scratch, 1)} dB in ${time}. Warmstart was at ${number(points[0].tuned.psnr, 1)} dB before the first step.`;
  }
  const at = points.find((p) => (p.scratch?.psnr ?? 0) === scratch)?.scratch?.seconds ?? 0;
  return `pix2pix from scratch took ${clock(at)} to ${number(scratch, 1)} dB; Warmstart took ${clock(passed.tuned.seconds)}.`;
}

/**
 * Says something about trainings beside the buttons.
 * @param {string} text
 */
export const tellTune = (text) => note(el('tune-note'), text);
