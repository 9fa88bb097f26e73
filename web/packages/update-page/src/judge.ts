// Whether a device would take an image, told before anything is sent.
import { Problem } from './reader.js';
import type { ImageFacts } from './image.js';
import type { Status } from './status.js';
import { type Message, explain } from './words.js';

/**
 * Why the device would refuse the image as it is now, in the device's own terms; `null` when
 * nothing is known against it. Of the facts those count that are there.
 */
export function refusal(
  facts: Pick<ImageFacts, 'bytes'> & Partial<ImageFacts>,
  status: Status,
): Problem | null {
  const { bytes, api, madeFor = 0, signer, sequence = Infinity } = facts;
  const { fault, upload, device, signed_by: keys, lowest_sequence: lowest } = status;
  const slotSize = Math.min(...status.slots.map((slot) => slot.size));
  if (upload) return new Problem(upload.phase === 'restarting' ? 'restarting' : 'busy', 409);
  if (status.state === 'trial') return new Problem('on-trial', 409);
  if (!slotSize) return new Problem('no-slots', 500, fault ?? undefined);
  if (fault !== null) return new Problem('nvs-fault', 500, fault);
  if (bytes > slotSize) {
    return new Problem('too-large', 413, '', undefined, slotSize);
  }
  if (madeFor > slotSize) {
    return new Problem(
      'not-an-image',
      422,
      `it was made for a slot of ${madeFor} bytes, this device's have ${slotSize}`,
    );
  }
  if (keys && signer !== undefined && !keys.includes(signer ?? '')) {
    return new Problem(signer ? 'other-key' : 'not-signed', 422);
  }
  if (api && (device.api < api.min || device.api > api.max)) {
    const range = api.min === api.max ? api.min : `${api.min} to ${api.max}`;
    return new Problem(
      'other-firmware',
      422,
      `it needs firmware API ${range}, this device has ${device.api}`,
    );
  }
  return sequence < (lowest ?? 0) ? new Problem('step-back', 422) : null;
}

/** The same in words for people. */
export function judge(facts: ImageFacts, status: Status): Message | null {
  const problem = refusal(facts, status);
  return problem && explain(problem);
}
