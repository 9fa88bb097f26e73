// Brings an image to a device, up to the moment when the new frontend serves and is confirmed.
import {
  describeLast,
  patchBetween,
  Problem,
  resume,
  update,
  type Sent,
  type Status,
  type UpdateState,
  type UploadOptions,
} from 'faceplate-update-page/ota';
import { mayBegin, runs } from './begin.js';
import { openBrowser } from './browser.js';
import { Cache, cacheFolder } from './cache.js';
import { checkFrontend, Doubt, NoAnswer } from './check.js';
import { attempt, Failure, words } from './failure.js';
import type { Image } from './image.js';
import type { Password } from './login.js';
import { TargetDevice, type Headers } from './target.js';
import type { Progress } from './progress.js';
import { sending } from './sent.js';
import { endedBy, look, type By, type Seen } from './seen.js';
import { confirmed, doubt, failure, invitation, waitsInVain, type Confirm } from './verdict.js';

export interface DeployOptions {
  readonly confirm: Confirm;
  /** Seconds from the restart until the new frontend must be confirmed by a page or by us. */
  readonly within: number;
  /** Whether all of the image is sent; else what the device does not have. */
  readonly full: boolean;
  /** Whether the new frontend is opened in a browser. */
  readonly open: boolean;
  /** What each request has besides. */
  readonly headers: Headers;
  readonly password: Password;
  readonly progress: Progress;
}

/** What was done. */
export interface Deployed {
  /** The slot that serves now. */
  readonly slot: string;
  /** Whether anything was sent; not when it ran the image already. */
  readonly sent: boolean;
  /** Bytes of it that were sent, or of what makes it of what the device has; of several tries, all. */
  readonly sent_bytes: number;
  /** What is not as it should be, but no reason to fail. */
  readonly warnings: readonly string[];
}

/** How often a confirmation is tried whose answer does not come. */
const CONFIRM_TRIES = 3;
/** The same for a status; a chip restarts in seconds. */
const STATUS_TRIES = 30;
const PAUSE_MS = 500;
const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

/** A device that confirms the next frontend by itself; `update` wants to be asked. */
class ConfirmsItself extends TargetDevice {
  override upload(image: Blob, { patch = false, signal }: UploadOptions = {}) {
    return super.upload(image, { confirm: 'device', patch, ...(signal && { signal }) });
  }
}

/** Brings `image` to the device at `base`; throws `Failure`. */
export function deploy(base: string, image: Image, options: DeployOptions): Promise<Deployed> {
  return new Deployment(base, image, options).run();
}

class Deployment {
  readonly #device: TargetDevice;
  readonly #name: string;
  readonly #url: string;
  readonly #cache = new Cache(cacheFolder(process.cwd()));
  #sentBytes = 0;
  /** Ends the following where nothing is left to wait for. */
  readonly #stop = new AbortController();
  #warnings: string[] = [];
  #checked: Promise<string[]> | undefined;
  /** What is done once the new frontend runs on trial. */
  #trial: Promise<void> | undefined;
  /** Seconds until the device goes back. */
  #left = 0;
  /** What is waited for, where seconds are told with it. */
  #waits: string | null = null;
  /** The trial, and who ended it. */
  #seen: Seen | null = null;
  #by: By = 'client';
  /** Why it is not confirmed by us. */
  #broken: string | null = null;

  constructor(
    readonly base: string,
    readonly image: Image,
    readonly options: DeployOptions,
  ) {
    const { confirm, headers, password } = options;
    const Target = confirm === 'device' ? ConfirmsItself : TargetDevice;
    this.#device = new Target(base, headers, password);
    this.#name = image.manifest?.version ?? `image ${image.sha256.slice(0, 8)}`;
    this.#url = `${base}/`;
  }

  async run(): Promise<Deployed> {
    const { progress, confirm } = this.options;
    progress.phase('asking for its status');
    const before = await attempt(this.#device.status());
    const there = runs(before, this.image);
    const already = there && before.state === 'settled';
    if (!already) {
      if (!there) {
        mayBegin(this.image, before);
        await attempt(this.#device.logIn());
      }
      const vain = confirm === 'page' && waitsInVain(this.image);
      if (vain) this.#warn(vain);
      await this.#replace(there ? before : null);
    }
    const missing = await this.#check().catch((error: Error) => {
      const kind = error instanceof NoAnswer ? 'lost' : 'does-not-load';
      throw new Failure(kind, `runs ${this.#name}, which does not load: ${error.message}`);
    });
    for (const what of missing) this.#warn(what);
    if (already && before.last?.outcome === 'kept') {
      const never = 'it was never confirmed, but kept: there was nothing to go back to';
      if (confirm === 'page') {
        throw new Failure(
          'not-confirmed',
          `runs ${this.#name} already, but ${never}. Open ${this.#url} and see whether it works: if it ` +
            'does, --confirm load takes it as it is; if not, deploy another build',
        );
      }
      this.#warn(never);
    }
    const doubtful = doubt(confirm, this.#by);
    if (doubtful) this.#warn(doubtful);
    const { active, slots } = await attempt(this.#device.status());
    const slot = slots[active]?.label ?? `slot ${active}`;
    if (already) this.#show();
    progress.say(
      `runs ${this.#name} in ${slot}` +
        (already ? ' already; nothing was sent' : `, ${confirmed(confirm, this.#by)}`),
    );
    this.#cache.put(this.image.sha256, this.image.bytes);
    const sent_bytes = this.#sentBytes;
    return { slot, sent: !there, sent_bytes, warnings: this.#warnings };
  }

  /** Sends the image, or goes on where it is `onTrial` already, until the device has settled. */
  async #replace(onTrial: Status | null): Promise<void> {
    const { image, options } = this;
    const { within, confirm, progress } = options;
    const { signal } = this.#stop;
    const onState = (state: UpdateState) => this.#tell(state);
    const onLook = (status: Status | null) => {
      // Others have trials, too.
      const ours = status && runs(status, image) ? status : null;
      this.#seen = look(ours, this.#seen, performance.now());
    };
    onLook(onTrial);
    let following;
    if (onTrial) {
      progress.say(`runs ${this.#name} on trial already; nothing was sent`);
      const { sha256 } = image;
      // Any boot is one after the restart.
      const pending = { bootId: '', slot: onTrial.active, sha256, version: this.#name, within };
      following = resume(this.#device, pending, { onState, onLook, signal });
    } else {
      const blob = new Blob([image.bytes]);
      const onSend = (sent: Sent) => {
        this.#sentBytes += sent.bytes;
        progress.say(sending(this.#name, sent));
      };
      const patchFrom = async (sha256: string) => {
        const old = this.#cache.get(sha256);
        return old && patchBetween(old, image.bytes);
      };
      const { sha256 } = image;
      const how = { full: options.full, sha256, patchFrom, onSend };
      const all = { within, onState, onLook, signal, ...how };
      following = update(this.#device, blob, all);
    }
    const outcome = await attempt(following);
    this.#by = endedBy(this.#seen, performance.now());
    await this.#trial;
    const status = await attempt(this.#patientStatus());
    // Who goes back tells so as the last change.
    const other = !runs(status, image) && status.last?.outcome === 'updated';
    if (other && outcome.result !== 'recovery') {
      throw new Failure(
        'other-frontend',
        `runs another image than ${this.#name}; did somebody else update it meanwhile?`,
      );
    }
    const last = describeLast(status)?.text ?? null;
    const [name, url, broken] = [this.#name, this.#url, this.#broken];
    const { confirms: means, build } = image;
    const failed = failure(outcome, { name, url, confirm, within, means, build, broken, last });
    if (failed) throw failed;
  }

  #tell(state: UpdateState): void {
    const { progress } = this.options;
    switch (state.phase) {
      case 'sending':
        return progress.bytes('sending', state.received, state.total);
      case 'writing':
        return progress.bytes('writing', state.written, state.total);
      case 'reconnecting':
        return progress.phase('the connection is lost; waiting until the device answers');
      case 'confirming':
        this.#left = state.secondsLeft;
        this.#trial ??= this.#onTrial();
        if (this.#waits) progress.left(this.#waits, this.#left);
        return;
      default:
        return progress.phase(state.phase);
    }
  }

  /** The new frontend runs: loads it, and does our part for its being confirmed. */
  async #onTrial(): Promise<void> {
    const { progress, confirm } = this.options;
    try {
      await this.#check();
      this.#broken = null;
      this.#show();
      if (confirm === 'load') {
        progress.phase('confirming');
        await this.#confirm();
      } else if (this.#seen?.confirm === 'device') {
        // No page confirms that, so none is asked for.
        this.#wait('waiting until the device confirms it');
      } else {
        const { confirms } = this.image;
        progress.say(invitation(confirms, this.#url, this.#left));
        this.#wait(`waiting for ${confirms ? 'a page' : 'somebody'} to confirm`);
      }
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#broken) progress.say(`the new frontend is not confirmed: ${message}`);
      this.#broken = message;
      if (error instanceof NoAnswer) {
        // That may be the network; the next sign of the device begins anew.
        this.#checked = this.#trial = undefined;
        return;
      }
      progress.phase('waiting until the device has gone back');
      const certain = !(error instanceof NotConfirmed || error instanceof Doubt);
      if (certain) await this.#goBack();
    }
  }

  #wait(what: string): void {
    this.#waits = what;
    this.options.progress.left(what, this.#left);
  }

  /** Ends the trial of a frontend that certainly does not load; waiting would change nothing. */
  async #goBack(): Promise<void> {
    try {
      const status = await this.#device.status();
      if (status.state === 'trial' && runs(status, this.image)) await this.#device.rollback();
    } catch (error) {
      // Else the device goes back when its time is over.
      if (!(error instanceof Problem) || error.kind !== 'no-way-back') return;
      this.#stop.abort(
        new Failure(
          'does-not-load',
          `runs ${this.#name}, which does not load, and there is nothing to go back to: ${this.#broken}`,
        ),
      );
    }
  }

  /** Loads the new frontend, once; gives what is missing but not needed. */
  #check(): Promise<string[]> {
    if (!this.#checked && !this.#broken) this.options.progress.phase('loading the new frontend');
    return (this.#checked ??= checkFrontend(this.base, this.image, this.options.headers));
  }

  /** Opens the new frontend where that was asked for. */
  #show(): void {
    if (!this.options.open) return;
    openBrowser(this.#url, (what) => this.#warn(`no browser was opened: ${what}`));
  }

  /** Confirms; somebody else may have done so, or the call before whose answer got lost. */
  async #confirm(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#device.confirm(this.image.build ?? undefined);
        return;
      } catch (error) {
        const status = await this.#device.status().catch(() => null);
        if (status && runs(status, this.image) && status.state === 'settled') return;
        if (error instanceof Problem || tries === CONFIRM_TRIES) {
          const what = `it loads, but could not be confirmed: ${words(error)}`;
          throw new NotConfirmed(what, { cause: error });
        }
        await pause();
      }
    }
  }

  /** The status of a device that may be about to restart once more. */
  async #patientStatus(): Promise<Status> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#device.status();
      } catch (error) {
        if (tries === STATUS_TRIES) throw error;
        await pause();
      }
    }
  }

  #warn(what: string): void {
    this.#warnings.push(what);
    this.options.progress.say(`warning: ${what}`);
  }
}

/** It loads, and yet it was not to be confirmed: no reason to hurry the device back. */
class NotConfirmed extends Error {}
