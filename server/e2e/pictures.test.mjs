// Pictures in and files out: photos, the camera, downloads, and the shelf that is there again.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { difference, drop, finish, look, make, ort, settle, suite, until } from './harness.mjs';

const { open, server } = suite();

const note = (page, pattern) => page.waitForFunction((p) => new RegExp(p).test(document.querySelector('#look-note').textContent), pattern);

test('a photo that is dropped, and a broken one', async () => {
  const page = await open();
  await make(page, 'a sepia photo');
  const [before, after] = [await look(page, 'before'), await look(page, 'after')];
  const photo = await server.picture('/v1/samples/harbour?side=320');
  await drop(page, [{ name: 'holiday.jpg', type: 'image/jpeg', bytes: photo }]);
  await page.waitForFunction(() => document.querySelector('#before').width === 320 && document.querySelector('#after').width === 320);
  await settle(page);
  assert.ok(difference(before, await look(page, 'before')) > 5, 'the photo is on the stage');
  const toned = await look(page, 'after');
  assert.ok(difference(after, toned) > 2 && difference(await look(page, 'before'), toned) > 2, 'the effect is applied to it');
  await drop(page, [{ name: 'broken.jpg', type: 'image/jpeg', bytes: photo.subarray(0, 100) }]);
  await note(page, '^“broken.jpg” is not a picture that can be read: ');
  assert.ok(difference(toned, await look(page, 'after')) === 0, 'the photo is still there');
  await page.setInputFiles('#photo-file', { name: 'other.png', mimeType: 'image/png', buffer: await server.picture('/v1/samples/street?side=64&format=png') });
  await page.waitForFunction(() => document.querySelector('#after').width === 64);
  assert.equal(await page.textContent('#look-note'), '');
  await finish(page);
});

test('the camera', async (t) => {
  const page = await open();
  await make(page, 'a blueprint');
  const still = await look(page, 'before');
  await page.click('#camera');
  await page.waitForFunction(() => /^[\d.]+ frames\/s through the server$/.test(document.querySelector('#fps').textContent));
  await until('frames are on the stage', async () => difference(still, await look(page, 'before')) > 5);
  const first = await look(page, 'after');
  await until('they move', async () => difference(first, await look(page, 'after')) > 0);
  t.diagnostic(`through the server: ${await page.textContent('#fps')}`);
  await page.click('#camera');
  await settle(page);
  await until('the sample is back', async () => difference(still, await look(page, 'before')) === 0);
  await finish(page);
});

test('in this browser', { skip: ort ? false : 'WARMSTART_ORT names no folder with onnxruntime-web' }, async (t) => {
  const page = await open();
  await make(page, 'a low poly image');
  const served = await look(page, 'after');
  await page.click('[data-local=yes]');
  await until('the browser has done it', async () => (await page.evaluate(() => document.querySelector('#after').dataset.by)) === 'browser');
  await settle(page);
  const apart = difference(served, await look(page, 'after'));
  assert.ok(apart < 3, `it looks as on the server: ${apart} apart`);
  await page.click('#camera');
  await page.waitForFunction(() => /^[\d.]+ frames\/s in this browser/.test(document.querySelector('#fps').textContent));
  t.diagnostic(await page.textContent('#fps'));
  await finish(page);
});

/** What a click downloads. */
async function download(page, selector) {
  const [d] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  return { name: d.suggestedFilename(), bytes: await readFile(await d.path()) };
}

test('downloads', async () => {
  const page = await open();
  await make(page, 'a woodcut of a desert');
  const adapter = await download(page, '#get-adapter');
  assert.equal(adapter.name, 'a-woodcut-of-a-desert.safetensors');
  const header = JSON.parse(adapter.bytes.subarray(8, 8 + Number(adapter.bytes.readBigUInt64LE(0))).toString());
  assert.match(JSON.stringify(header.__metadata__), /a woodcut of a desert/);
  const onnx = await download(page, '#get-onnx');
  assert.equal(onnx.name, 'a-woodcut-of-a-desert.onnx');
  assert.ok(onnx.bytes.length > 1e6 && onnx.bytes.includes('a woodcut of a desert'));
  const picture = await download(page, '#get-picture');
  assert.equal(picture.name, 'a-woodcut-of-a-desert.png');
  assert.equal(picture.bytes.subarray(1, 4).toString(), 'PNG');
  assert.equal(picture.bytes.readUInt32BE(16), 512);
  await finish(page);
});

test('the shelf', async () => {
  const page = await open();
  const names = () => page.locator('.card-name').allTextContents();
  const shown = (name) => page.waitForFunction((name) => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === name, name);
  await make(page, 'a polaroid of a sunset');
  await make(page, 'a starry night');
  const full = await look(page, 'after');

  await page.fill('#name', 'my night');
  await page.press('#name', 'Enter');
  await shown('my night');
  await page.fill('#strength', '0.3');
  await until('the strength is kept', async () => (await server.get('/v1/effects')).effects.find((e) => e.name === 'my night')?.strength === 0.3);
  await settle(page);
  const weak = await look(page, 'after');
  assert.ok(difference(full, weak) > 2, 'a weaker effect looks different');

  await page.click('#blend');
  await page.selectOption('#blend-other', { label: 'a polaroid of a sunset' });
  await page.waitForFunction(() => document.querySelector('#blend-mix').src.startsWith('blob:'));
  await page.fill('#blend-weight', '0.7');
  await page.click('#blend-form [type=submit]');
  await shown('my night + a polaroid of a sunset');
  assert.match(await page.textContent('#facts'), /^30 % my night, 70 % a polaroid of a sunset/);

  await page.click('#delete');
  assert.ok(!(await names()).includes('my night + a polaroid of a sunset'));
  await page.click('.toast button');
  await shown('my night + a polaroid of a sunset');
  await page.click('#delete');
  const left = await names();

  await page.reload(); // which deletes for good
  await page.waitForSelector('html[data-open]');
  await until('it is deleted on the server', async () => (await server.get('/v1/effects')).effects.length === left.length);
  await page.reload();
  await page.waitForSelector('html[data-open]');
  assert.deepEqual(await names(), left);
  await page.click('.card:has-text("my night")');
  await shown('my night');
  await page.waitForFunction(() => document.querySelector('.card[aria-pressed=true] img').naturalWidth === 160);
  await settle(page);
  assert.equal(await page.textContent('#strength-value'), '30 %');
  await until('it looks as before', async () => difference(weak, await look(page, 'after')) < 0.5);
  await finish(page);
});

test('an effect of other models', async () => {
  const old = await server.post('/v1/effects', { prompt: 'a thunderstorm', name: 'from before' });
  await server.stop();
  const file = path.join(server.data, 'data/effects', old.id, 'effect.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(old.base, '0'.repeat(old.base.length)));
  await server.start();
  const page = await open();
  await page.click('.card:has-text("from before")');
  await page.waitForSelector('#stale:not([hidden])');
  assert.equal(await page.locator('#start-tune:visible').count(), 0);
  await page.click('#anew');
  await page.waitForFunction(() => document.querySelector('.card[aria-pressed=true] .card-facts')?.textContent === 'as written');
  await settle(page);
  assert.ok(difference(await look(page, 'before'), await look(page, 'after')) > 2);
  await finish(page);
});
