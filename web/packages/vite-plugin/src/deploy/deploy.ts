// Brings an image to a device, up to the moment when the new frontend serves and is confirmed.
import {
  describeLast,
  Device,
  explain,
  Problem,
  refusal,
  update,
  type Outcome,
  type Status,
  type UpdateState,
} from 'faceplate-update-page/ota';
import type { Inspected } from '../packer.js';
import { bytes } from '../text.js';
import { checkFrontend } from './check.js';
import type { Progress } from './progress.js';

/** The device does not run the new frontend, or not for sure; the message says why and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** An image and what is in it. */
export interface Image extends Inspected {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface DeployOptions {
  /** Seconds from the restart until the new frontend must be confirmed. */
  readonly within: number;
  readonly progress: Progress;
}

/** How often a confirmation is tried whose answer does not come. */
const CONFIRM_TRIES = 3;
const PAUSE_MS = 500;

/** Brings `image` to the device at `base`; throws `Failure`. */
export async function deploy(base: string, image: Image, options: DeployOptions): Promise<void> {
  const { progress } = options;
  const device = new Device(base);
  const name = image.manifest?.version ?? `image ${image.sha256.slice(0, 8)}`;
  progress.phase('asking for its status');
  const before = await attempt(device.status());
  let checked: Promise<string[]> | undefined;
  const check = () => {
    if (!checked) progress.phase('loading the new frontend');
    return (checked ??= checkFrontend(base, image));
  };

  const already = runs(before, image) && before.state === 'settled';
  if (!already) {
    mayBegin(image, before);
    progress.say(`sending ${name} (${bytes(image.bytes.length)})`);
    await replace(device, image, name, options, async () => {
      await check();
      progress.phase('confirming');
      await confirm(device, image);
    });
  }
  const warnings = await check().catch((error: Error) => {
    throw new Failure(`runs ${name}, which does not load: ${error.message}`);
  });
  for (const warning of warnings) progress.say(`warning: ${warning}`);
  const { active, slots } = await attempt(device.status());
  const slot = slots[active]?.label ?? `slot ${active}`;
  progress.say(
    already
      ? `runs ${name} in ${slot} already; nothing was sent`
      : `runs ${name} in ${slot}, confirmed`,
  );
}

/** What can be known before anything is sent. */
function mayBegin(image: Image, status: Status): void {
  const api = image.manifest && { min: image.manifest.api[0], max: image.manifest.api[1] };
  const facts = { bytes: image.bytes.length, version: null, api, madeFor: image.slot };
  const refused = refusal(facts, status);
  const { trial } = status;
  const wait = trial ? ` Deploy again when its trial is over: in ${trial.seconds_left} s.` : '';
  if (refused) throw new Failure(`${words(refused)} Nothing was sent.${wait}`);
}

/** Sends the image and follows the device until it has settled; `open` loads and confirms. */
async function replace(
  device: Device,
  image: Image,
  name: string,
  { within, progress }: DeployOptions,
  open: () => Promise<void>,
): Promise<void> {
  /** Why it was not confirmed by us. */
  let broken: string | null = null;
  const onState = (state: UpdateState) => show(progress, state, broken);
  const outcome = await attempt(
    update(device, new Blob([image.bytes]), {
      within,
      onState,
      open: () =>
        open().catch((error: Error) => {
          broken = error.message;
          progress.say(`the new frontend is not confirmed: ${broken}`);
        }),
    }),
  );
  const status = await attempt(device.status());
  // Who goes back tells so as the last change.
  const other = !runs(status, image) && status.last?.outcome === 'updated';
  if (other && outcome.result !== 'recovery') {
    throw new Failure(`runs another image than ${name}; did somebody else update it meanwhile?`);
  }
  const reason = (broken as string | null) ?? describeLast(status)?.text;
  const failed = failure(outcome, name, reason);
  if (failed) throw new Failure(failed);
}

/** Why an outcome is not a success. */
function failure(outcome: Outcome, name: string, reason: string | undefined): string | null {
  const why = reason ? `: ${reason}` : '';
  switch (outcome.result) {
    case 'went_back':
      return `went back to ${outcome.version ?? 'the frontend before'}, not ${name}${why}`;
    case 'recovery':
      return 'came back with its recovery page: neither slot holds a whole frontend; deploy again';
    case 'updated':
      return outcome.kept
        ? `runs ${name}, which nobody confirmed; it stays since there is nothing to go back to${why}`
        : null;
  }
}

function show(progress: Progress, state: UpdateState, broken: string | null): void {
  switch (state.phase) {
    case 'sending':
      return progress.bytes('sending', state.received, state.total);
    case 'writing':
      return progress.bytes('writing', state.written, state.total);
    case 'confirming':
      // Else our own phases are shown, which say more.
      if (broken !== null) {
        progress.phase('waiting until the device has gone back');
      }
      return;
    default:
      return progress.phase(state.phase);
  }
}

/** Confirms the frontend; somebody else may have done so, or the call before whose answer got lost. */
async function confirm(device: Device, image: Image): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await device.confirm();
      return;
    } catch (error) {
      const status = await device.status().catch(() => null);
      if (status && runs(status, image) && status.state === 'settled') return;
      if (error instanceof Problem || tries === CONFIRM_TRIES) {
        throw new Error(`it loads, but could not be confirmed: ${words(error)}`, { cause: error });
      }
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

const runs = (status: Status, image: Image) =>
  status.state !== 'recovery' && status.slots[status.active]?.sha256 === image.sha256;

async function attempt<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Failure(words(error), { cause: error });
  }
}

/** An error of the client in a line; its next steps are meant for a page. */
function words(error: unknown): string {
  const { title, text } = explain(error);
  const detail = error instanceof Problem && error.detail ? ` (${error.detail})` : '';
  return `${title}${detail}. ${text}`;
}
