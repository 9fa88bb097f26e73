// What can be known of a device before an image is sent to it.
import { refusal, type Status } from 'faceplate-update-page/ota';
import { Failure, toFailure } from './failure.js';
import type { Image } from './image.js';

/** Throws where the device would not take the image. */
export function mayBegin(image: Image, status: Status): void {
  const api = image.manifest && { min: image.manifest.api[0], max: image.manifest.api[1] };
  const { sequence, signer, slot: madeFor } = image;
  const facts = { bytes: image.bytes.length, version: null, api, madeFor, sequence, signer };
  const refused = refusal(facts, status);
  if (!refused) return;
  const { trial } = status;
  if (!trial || refused.kind !== 'on-trial') {
    throw toFailure(refused, `${figures(refused.kind, image, status)} Nothing was sent.`);
  }
  const over = `in ${trial.seconds_left} s`;
  throw new Failure(
    'refused',
    'the frontend that it runs is still on trial. Nothing was sent; deploy again when ' +
      (trial.confirm === 'device'
        ? `the device has confirmed it, ${over}`
        : `that is over, ${over}`),
    { cause: refused, problem: refused.kind },
  );
}

/** What a page leaves to its details. */
function figures(kind: string, { signer, sequence }: Image, status: Status): string {
  const { signed_by: keys, lowest_sequence: lowest } = status;
  const known = `the device knows ${keys?.join(' and ')}`;
  if (kind === 'not-signed') return ` Sign it: ${known}.`;
  if (kind === 'other-key') return ` It is signed by key ${signer}, and ${known}.`;
  return kind === 'step-back' ? ` Its sequence is ${sequence}, and ${lowest} was confirmed.` : '';
}

/** Whether the device runs this image. */
export const runs = (status: Status, image: Image) =>
  status.state !== 'recovery' && status.slots[status.active]?.sha256 === image.sha256;
