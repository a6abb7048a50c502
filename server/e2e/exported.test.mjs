// The page that the program exports, served from its folder by a plain file server.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { browse, difference, look, ort, program } from './harness.mjs';

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves a folder's files, and what is written into it later. */
async function serve(dir) {
  const server = createServer(async (request, response) => {
    const name = path.join(dir, path.normalize(new URL(request.url, 'http://x').pathname));
    try {
      const bytes = await readFile(name);
      response.setHeader('Content-Type', types[path.extname(name)] ?? 'application/octet-stream');
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

test('the exported page shows what apply makes', { skip: ort ? false : 'WARMSTART_ORT names no folder with onnxruntime-web' }, async (t) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'warmstart-e2e-'));
  t.after(() => rm(dir, { recursive: true }));
  const model = path.join(dir, 'model.safetensors'), folder = path.join(dir, 'page');
  const warmstart = (...args) => promisify(execFile)(program, args);
  await warmstart('init', 'a pencil sketch', '-o', model);
  await warmstart('export', model, '-o', folder, '--as', 'web', '--ort', process.env.WARMSTART_ORT);
  await warmstart('apply', model, path.join(folder, 'sample.jpg'), '-o', path.join(folder, 'applied.png'));

  const site = await serve(folder);
  t.after(() => site.close());
  const browser = await browse();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) wrong.push(request.url());
  });
  await page.goto(`${site.url}index.html`);
  await page.waitForFunction(() => / pixels in [\d.]+ s$/.test(document.querySelector('#status').textContent));
  t.diagnostic(await page.textContent('#status'));
  const shown = await look(page, 'after');
  await page.evaluate(async () => {
    const bitmap = await createImageBitmap(await (await fetch('applied.png')).blob());
    const canvas = Object.assign(document.createElement('canvas'), { id: 'applied', width: bitmap.width, height: bitmap.height });
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    document.body.append(canvas);
  });
  assert.ok(difference(await look(page, 'before'), shown) > 10, 'the picture has changed');
  const apart = difference(await look(page, 'applied'), shown);
  assert.ok(apart < 2, `it is what apply makes: ${apart} of 255 apart`);
  assert.deepEqual(wrong, []);
});
