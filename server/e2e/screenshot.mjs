// Takes the picture of the page that the README shows: node screenshot.mjs FILE.jpg

import { make, run } from './harness.mjs';

const shown = 'an indigo and coral duotone';
const others = ['an oil painting of an autumn day', 'a woodcut of a desert', 'a pencil sketch of a foggy day', 'a night of northern lights', 'a blueprint', 'a vaporwave picture'];

await run(async ({ open }) => {
  const page = await open({ width: 1280, height: 1020, deviceScaleFactor: 1.25 });
  for (const prompt of others) await make(page, prompt);
  await make(page, shown);
  await page.fill('#divider', '38');
  await page.selectOption('#seconds', '10');
  await page.click('#start-tune');
  await page.waitForFunction(() => Number(/Time([\d.]+) s/.exec(document.querySelector('#figures').textContent)?.[1]) > 7);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: process.argv[2], type: 'jpeg', quality: 84 });
});
