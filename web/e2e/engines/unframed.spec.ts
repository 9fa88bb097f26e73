// A proxy that lets no frame have the new frontend, in other engines than Chromium: each has its own page in place of it.
import { test } from '../harness/engines/test.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { Nginx, nginx } from '../harness/nginx.js';
import { CONTROLS } from '../harness/words.js';

test.skip(!nginx, 'nginx is not installed');

test('behind a proxy that forbids frames one is asked to look at the new frontend', async ({
  tab,
  startDevice,
}) => {
  const proxy = await Nginx.prepare();
  try {
    const device = await startDevice({
      www: imagePath('old'),
      hosts: [`127.0.0.1:${proxy.plainPort}`],
    });
    await proxy.start(device, `add_header Content-Security-Policy "frame-ancestors 'none'"`);
    await tab.open(`${proxy.url}/#/update`);
    await tab.choose(imagePath('new'));
    await tab.press(CONTROLS.install);
    await tab.reads(`Look at ${VERSIONS.new} to finish the update`, { timeout: 40_000 });
  } finally {
    await proxy.stop();
  }
});
