// Trainings: they are watched, stopped, raced and given own pairs, and the server may be started again in the middle.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { difference, drop, finish, look, make, settle, suite, until } from './harness.mjs';
import { zip } from './zip.mjs';

const { open, server } = suite();

const state = (page, name) => page.waitForSelector(`#job-state[data-state=${name}]`);

/** The job of the selected effect, as the server has it. */
async function job(page) {
  const effect = await page.getAttribute('.card[aria-pressed=true]', 'data-effect');
  const { jobs } = await server.get('/v1/jobs');
  return server.get(`/v1/jobs/${jobs.find((j) => j.effect === effect).id}`);
}

/** The number of points of a curve. */
const points = (page, kind = 'tuned') =>
  page.evaluate((kind) => document.querySelector(`path.chart-${kind}`)?.getAttribute('d').match(/[ML]/g).length ?? 0, kind);

const morePoints = (page, than) => page.waitForFunction((than) =>
  (document.querySelector('path.chart-tuned')?.getAttribute('d').match(/[ML]/g).length ?? 0) > than, than);

test('tune, stop and continue', async () => {
  const page = await open();
  await make(page, 'a very bright photo'); // a strength that was never seen: tuning is ahead of the generated weights at once, so that its weights are kept
  const before = await look(page, 'after');
  await page.selectOption('#seconds', '3600');
  await page.click('#start-tune');
  await state(page, 'running');
  await morePoints(page, 3);
  const figures = await page.textContent('#figures');
  assert.match(figures, /Quality[\d.]+ dB/);
  assert.match(figures, /[\d,]+ images\/s/);
  assert.equal(await page.locator('#example img').count(), 3);
  await until('the preview sharpens', async () => difference(before, await look(page, 'after')) > 0.5);
  await page.click('#stop');
  await state(page, 'stopped');
  const stopped = await points(page);
  const effect = await page.getAttribute('.card[aria-pressed=true]', 'data-effect');
  const steps = (await server.get(`/v1/effects/${effect}`)).steps;
  assert.ok(steps > 0);
  await page.waitForFunction((steps) => document.querySelector('.card[aria-pressed=true] .card-facts').textContent === `${steps.toLocaleString('en')} steps`, steps);
  await page.click('#continue');
  await state(page, 'running');
  await morePoints(page, stopped + 1);
  await page.click('#discard');
  await state(page, 'cancelled');
  assert.equal((await server.get(`/v1/effects/${effect}`)).steps, steps, 'what was kept at the stop is still there');
  await finish(page);
});

test('race', async () => {
  const page = await open();
  await make(page, 'a vaporwave picture');
  await page.selectOption('#seconds', '1');
  await page.click('#start-race');
  await page.waitForSelector('#versus');
  await state(page, 'done');
  assert.ok(await points(page, 'tuned') >= 2 && await points(page, 'scratch') >= 2, 'both have a curve');
  assert.match(await page.textContent('#verdict'), /pix2pix from scratch .*dB/);
  assert.equal(await page.locator('#example img').count(), 4);
  await until('both have a picture', async () => difference(await look(page, 'versus-tuned'), await look(page, 'versus-scratch')) > 5);
  const { points: told } = await job(page);
  assert.equal(await points(page, 'scratch'), told.length);
  await page.click('[data-view=compare]');
  await page.waitForSelector('#after');
  await finish(page);
});

test('against a discriminator', async () => {
  const page = await open();
  await make(page, 'a very bright photo');
  await page.selectOption('#seconds', '1');
  await page.click('#tune summary');
  await page.check('#adversarial');
  await page.click('#start-tune');
  await state(page, 'done');
  assert.equal((await job(page)).gan, true);
  assert.equal(await page.textContent('#verdict'), '', 'a lower PSNR is no failure there');
  await finish(page);
});

test('the server is started again in the middle', async () => {
  const page = await open();
  page.allowed.push(/net::ERR_|status of 50[23]/);
  await make(page, 'a thunderstorm');
  await page.selectOption('#seconds', '3600');
  await page.click('#start-tune');
  await morePoints(page, 2);
  const before = (await job(page)).points.length;
  await server.stop();
  await page.waitForSelector('#banner:not([hidden])');
  assert.match(await page.textContent('#banner'), /does not answer/);
  await server.start();
  await page.waitForFunction(() => document.querySelector('#banner').hidden);
  await state(page, 'running');
  await morePoints(page, before + 1);
  await page.click('#stop');
  await state(page, 'stopped');
  assert.equal(await points(page), (await job(page)).points.length);
  await page.reload();
  await state(page, 'stopped');
  assert.equal(await points(page), (await job(page)).points.length);
  await make(page, 'a starry night');
  await finish(page);
});

/** Pairs: samples, and what an effect makes of them. */
async function ownPairs() {
  const effect = await server.post('/v1/effects', { prompt: 'a blueprint' });
  const { samples } = await server.get('/v1/samples');
  return Promise.all(samples.map(async ({ id }) => ({
    id, a: await server.picture(`/v1/samples/${id}?side=64&format=png`),
    b: await server.picture(`/v1/effects/${effect.id}/preview?sample=${id}&side=64&format=png`),
  })));
}

/** Tunes the selected effect on the pairs that are chosen. */
async function tuneOn(page, name) {
  await page.waitForFunction((name) => document.querySelector('#lesson').selectedOptions[0]?.textContent.startsWith(name), name);
  await page.selectOption('#seconds', '1');
  await page.click('#start-tune');
  await state(page, 'done');
  assert.ok((await job(page)).pairs, 'it was trained on own pairs');
}

test('own pairs: a zip file that is dropped', async () => {
  const page = await open();
  await make(page, 'a charcoal drawing');
  const files = Object.fromEntries((await ownPairs()).flatMap(({ id, a, b }) => [[`A/${id}.png`, a], [`B/${id}.png`, b]]));
  await drop(page, [{ name: 'blue.zip', type: 'application/zip', bytes: zip({ ...files, 'A/broken.png': Buffer.from('no picture') }) }]);
  await page.click('#pairs-send');
  await page.waitForFunction(() => /^8 pairs are there\. 1 files were left out/.test(document.querySelector('#tune-note').textContent));
  await tuneOn(page, 'blue');
  await finish(page);
});

test('own pairs: two folders, and a file that is no zip file', async () => {
  const page = await open();
  page.allowed.push(/status of 422/);
  await make(page, 'a linocut');
  await drop(page, [{ name: 'bad.zip', type: 'application/zip', bytes: Buffer.from('no archive') }]);
  await page.click('#pairs-send');
  await page.waitForFunction(() => /zip file/.test(document.querySelector('#pairs-note').textContent));
  const dir = await mkdtemp(path.join(tmpdir(), 'warmstart-e2e-pairs-'));
  for (const folder of ['in', 'out']) await mkdir(path.join(dir, folder));
  for (const { id, a, b } of await ownPairs()) {
    await writeFile(path.join(dir, 'in', `${id}.png`), a);
    await writeFile(path.join(dir, 'out', `${id}.png`), b);
  }
  await page.setInputFiles('#file-a', path.join(dir, 'in'));
  await page.setInputFiles('#file-b', path.join(dir, 'out'));
  assert.match(await page.textContent('#pairs-found'), /8 pairs/);
  await page.click('#pairs-send');
  await tuneOn(page, 'in to out');
  await settle(page);
  await rm(dir, { recursive: true });
  await finish(page);
});
