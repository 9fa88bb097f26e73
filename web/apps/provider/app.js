// The device's API behind the buttons of both pages: status, upload, confirm, rollback.

const EVERY_MS = 2000; // between two looks at the status
const EVERY_MS_UPLOADING = 300;
const GIVE_UP_MS = 60_000; // a device that was told to restart should answer again by then
const CONFIRM_WITHIN_S = 60; // for the restart, and for the new frontend to load
const PENDING = 'faceplate-pending'; // what this tab uploaded and has not seen running yet

const PHASES = {
  writing: 'Writing to flash …',
  checking: 'Checking what is on flash …',
  switching: 'Switching to the new frontend …',
  restarting: 'The device is restarting …',
};
const REASONS = {
  not_confirmed: 'the new one was not confirmed in time',
  kept_restarting: 'the device kept restarting with the new one',
  did_not_mount: 'the new one is damaged',
  no_way_back: 'it was not confirmed, but there is nothing to go back to',
};
const STATES = { settled: 'running', trial: 'on trial', recovery: 'no frontend, recovery only' };

const $ = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const slotName = (number) => `www_${number}`;

/** Calls the API; throws an Error with the device's own words. */
async function call(method, path, body, type = 'application/json') {
  const headers = body === undefined ? {} : { 'Content-Type': type };
  const response = await fetch(path, { method, body, headers, cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Error(answer.detail ?? answer.title ?? `the device answered ${response.status}`);
  }
  return answer;
}

const status = () => call('GET', '/api/ota/status');

function say(text, bad = false) {
  const message = $('message');
  message.className = bad ? 'bad' : '';
  if (message.textContent !== text) message.textContent = text;
}

/** Fills an element with children made of [tag, text] pairs. */
function fill(parent, children) {
  parent.replaceChildren(
    ...children.map(([tag, content]) => {
      const element = document.createElement(tag);
      if (Array.isArray(content)) fill(element, content);
      else element.textContent = content;
      return element;
    }),
  );
}

function describeTrial({ confirm, seconds_left: seconds, boots_left: boots }) {
  const who = confirm === 'device' ? 'the device confirms in' : 'to be confirmed within';
  return `, ${who} ${seconds} s, ${boots} restarts left`;
}

function describeLast(last) {
  const way = `${slotName(last.from)} → ${slotName(last.to)}`;
  const what = { updated: 'updated', rolled_back: 'went back', fell_back: 'fell back', kept: 'kept' };
  const why = REASONS[last.reason];
  return `${what[last.outcome] ?? last.outcome}, ${way}${why ? `: ${why}` : ''}`;
}

function show(now) {
  const { device, active, state, trial, last, slots, upload } = now;
  const state_ = STATES[state] + (trial ? describeTrial(trial) : '');
  const facts = [
    ['Name', device.name],
    ['Chip', device.chip],
    ['Firmware', `${device.firmware}, API ${device.api}`],
    ['Frontend', `${slots[active].version ?? 'no version'}, in ${slotName(active)}, ${state_}`],
    ['Last change', last ? describeLast(last) : 'none'],
  ];
  fill($('device'), facts.flatMap(([name, value]) => [['dt', name], ['dd', value]]));
  if (!$('slots')) return;
  fill(
    $('slots'),
    slots.map((slot, number) => [
      'tr',
      [
        ['td', slot.label],
        ['td', slot.version ?? '–'],
        ['td', slot.valid ? `${slot.used / 1024} of ${slot.size / 1024} KiB` : '–'],
        ['td', slot.valid ? (number === active ? 'active' : 'ready to go back to') : slot.problem],
      ],
    ]),
  );
  $('confirm').disabled = state !== 'trial';
  $('rollback').disabled = Boolean(upload) || !slots[1 - active].valid;
}

/** Uploads, shows what the device has written, and waits for the new frontend. */
async function update(file) {
  const before = await status();
  const query = `?confirm=client&within=${CONFIRM_WITHIN_S}`;
  let answered = false;
  const sent = call('POST', `/api/ota/frontend${query}`, file, 'application/octet-stream').finally(
    () => (answered = true),
  );
  sent.catch(() => {}); // handled by the await below
  const bar = $('progress');
  bar.hidden = false;
  bar.removeAttribute('value');
  say(`Sending ${file.name} …`);
  while (!answered) {
    const { upload } = await status().catch(() => ({}));
    if (upload && !answered) {
      bar.value = upload.written / upload.total;
      say(PHASES[upload.phase] ?? upload.phase);
    }
    await Promise.race([sent.catch(() => {}), sleep(EVERY_MS_UPLOADING)]);
  }
  const done = await sent;
  bar.value = 1;
  await restarted(before.device.boot_id, done);
}

/** After a change of slot: waits until the device runs it, then loads what it serves. */
async function restarted(bootId, { slot, sha256 = null }) {
  sessionStorage.setItem(PENDING, JSON.stringify({ slot, sha256 }));
  say(PHASES.restarting);
  const until = Date.now() + GIVE_UP_MS;
  while (Date.now() < until) {
    await sleep(500);
    const now = await status().catch(() => null);
    if (now && now.device.boot_id !== bootId) {
      leaving = true;
      location.assign('/');
      return;
    }
  }
  throw new Error('the device does not answer again; look at its power and network');
}

/** In the page that the device serves after an update: confirms it, or says what went wrong. */
async function arrive(now) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? 'null');
  if (!pending) return;
  sessionStorage.removeItem(PENDING);
  const runs = now.slots[now.active];
  const arrived = now.active === pending.slot && now.state !== 'recovery';
  if (!arrived || (pending.sha256 && runs.sha256 !== pending.sha256)) {
    say(`The device runs ${runs.version ?? 'another frontend'}: ${describeLast(now.last ?? pending)}.`, true);
    return;
  }
  if (now.trial?.confirm === 'client') {
    await call('POST', '/api/ota/confirm', '{}');
    say(`Version ${runs.version ?? ''} loaded and is confirmed.`);
  } else {
    say(`Version ${runs.version ?? ''} runs.`);
  }
}

let busy = false;
let leaving = false;

/** Runs one user's action at a time and says what went wrong. */
async function act(action) {
  if (busy) return;
  busy = true;
  for (const button of document.querySelectorAll('button')) button.disabled = true;
  try {
    await action();
  } catch (error) {
    say(`It did not work: ${error.message}.`, true);
  } finally {
    busy = false;
    if ($('progress')) $('progress').hidden = true;
    document.querySelector('button[type=submit]')?.removeAttribute('disabled');
    if (!leaving) await status().then(show, () => {});
  }
}

async function refresh() {
  if (busy || document.hidden) return;
  await status().then(show, () => say('The device does not answer.', true));
}

$('upload')?.addEventListener('submit', (event) => {
  event.preventDefault();
  const [file] = $('image').files;
  if (file) act(() => update(file));
});
$('confirm')?.addEventListener('click', () =>
  act(async () => {
    await call('POST', '/api/ota/confirm', '{}');
    say('Confirmed.');
  }),
);
$('rollback')?.addEventListener('click', () =>
  act(async () => {
    const before = await status();
    await restarted(before.device.boot_id, await call('POST', '/api/ota/rollback', '{}'));
  }),
);
addEventListener('beforeunload', (event) => {
  if (busy && !leaving) event.preventDefault();
});

act(async () => {
  const now = await status();
  show(now);
  await arrive(now);
});
setInterval(refresh, EVERY_MS);
