// From words to a picture that has changed, by mouse, keys and thumbs.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { difference, finish, look, make, settle, suite } from './harness.mjs';

const { open, server } = suite();

test('Enter changes the preview', async (t) => {
  const page = await open();
  const times = [];
  for (const prompt of ['a watercolour painting', 'a blueprint', 'a night of northern lights', 'a pencil sketch of a foggy day', 'a landscape on Mars']) {
    const before = await look(page, 'after');
    await page.fill('#prompt', prompt);
    await page.evaluate(clockPreview);
    await page.press('#prompt', 'Enter');
    await page.waitForFunction(() => window.took !== undefined);
    times.push(await page.evaluate(() => window.took));
    assert.ok(difference(before, await look(page, 'after')) > 1, `${prompt} looks like what was there before`);
    await page.waitForFunction((name) => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === name, prompt);
    assert.match(await page.textContent('#note'), /^[\d,]+ values written and shown in /);
    await settle(page);
  }
  assert.ok(difference(await look(page, 'before'), await look(page, 'after')) > 5, 'before and after look alike');
  const sorted = times.toSorted((a, b) => a - b);
  t.diagnostic(`Enter to the first changed preview: ${sorted.map((ms) => Math.round(ms)).join(', ')} ms`);
  await finish(page);
});

/** In the page: measures from the next Enter until other pixels are on the stage. */
function clockPreview() {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 16;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const pixels = () => {
    context.drawImage(document.getElementById('after'), 0, 0, 16, 16);
    return context.getImageData(0, 0, 16, 16).data.join();
  };
  const old = pixels();
  window.took = undefined;
  document.addEventListener('keydown', (event) => {
    const wait = () => {
      if (pixels() === old) requestAnimationFrame(wait);
      else window.took = performance.now() - event.timeStamp;
    };
    requestAnimationFrame(wait);
  }, { capture: true, once: true });
}

test('words that are not known', async () => {
  const page = await open();
  page.allowed.push(/status of 422/);
  await page.fill('#prompt', 'a xyzzy watercolour painting');
  await page.press('#prompt', 'Enter');
  await page.waitForFunction(() => /Skipped as unknown: “xyzzy”\.$/.test(document.querySelector('#note').textContent));
  const count = async () => (await server.get('/v1/effects')).effects.length;
  const before = await count();
  for (const [prompt, says] of [['xyzzy plugh', /unknown/], ['   ', /^Say what/], ['fog '.repeat(25_000), /at most \d+ are allowed/]]) {
    await page.fill('#prompt', prompt);
    await page.press('#prompt', 'Enter');
    await page.waitForSelector('#note.bad');
    assert.match(await page.textContent('#note'), says);
    assert.equal(await page.getAttribute('#prompt', 'aria-invalid'), 'true');
  }
  assert.equal(await count(), before);
  await make(page, 'a sepia photo');
  assert.equal(await page.getAttribute('#prompt', 'aria-invalid'), 'false');
  await finish(page);
});

test('suggestions', async () => {
  const page = await open();
  const chips = page.locator('#suggestions .chip:not(.more)');
  const few = await chips.count();
  await page.click('#suggestions .more');
  await page.waitForFunction((few) => document.querySelectorAll('#suggestions .chip').length > few + 1, few);
  await page.fill('#prompt', 'woodcut');
  await page.waitForFunction(() => [...document.querySelectorAll('#suggestions .chip')].every((c) => /wood/.test(c.textContent)));
  const wanted = await chips.first().textContent();
  await chips.first().click();
  await page.waitForFunction((name) => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === name, wanted);
  assert.equal(await page.inputValue('#prompt'), wanted);
  await finish(page);
});

test('by keyboard alone', async () => {
  const page = await open();
  await page.keyboard.type('a comic book panel'); // the prompt has the focus
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === 'a comic book panel');
  const tabTo = async (id) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((id) => document.activeElement?.id === id, id)) return;
    }
    assert.fail(`#${id} cannot be reached`);
  };
  await tabTo('divider');
  const share = () => page.evaluate(() => getComputedStyle(document.querySelector('#compare')).getPropertyValue('--share'));
  const before = await share();
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await share(), before);
  await page.keyboard.press('Home');
  assert.equal(await share(), '0%');
  await tabTo('strength');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelector('#strength-value').textContent === '95 %');
  await tabTo('seconds');
  await page.keyboard.press('End');
  await tabTo('start-tune');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'stop');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#job-state[data-state=stopped]');
  await page.waitForFunction(() => document.activeElement?.id === 'continue');
  await tabTo('delete');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => ![...document.querySelectorAll('.card-name')].some((c) => c.textContent === 'a comic book panel'));
  await page.keyboard.press('Control+z');
  await page.waitForFunction(() => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === 'a comic book panel');
  await finish(page);
});

test('on a phone', async () => {
  const page = await open({ width: 360, height: 740, hasTouch: true, isMobile: true });
  const fits = async (what) => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${what} is ${width} pixels wide`);
  };
  await fits('the page at first');
  await make(page, 'an oil painting of an autumn day');
  await fits('the page with an effect');
  await page.selectOption('#seconds', '1');
  await page.tap('#start-race');
  await page.waitForSelector('#figures.race');
  await fits('the page with a race');
  await page.waitForSelector('#job-state[data-state=done]');
  await fits('the page after a race');
  await page.tap('#own-pairs');
  await fits('the page with a dialog');
  await finish(page);
});

test('for everyone', async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark']) {
    const page = await open({ colorScheme, reducedMotion: 'reduce' });
    const check = async (what) => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join('; ')}`), [], `${what}, ${colorScheme}`);
    };
    await check('the page at first');
    await make(page, 'a winter landscape');
    await page.selectOption('#seconds', '1');
    await page.click('#start-tune');
    await page.waitForSelector('#job-state[data-state=done]');
    await page.evaluate(() => { document.querySelector('details').open = true; });
    await check('the page after a training');
    await page.click('#own-pairs');
    await check('the dialog of pairs');
    await page.click('#pairs-close');
    await page.click('#blend');
    await check('the dialog of blends');
    await finish(page);
  }
});
