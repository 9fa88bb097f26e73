// Whether a device would take an image, told before anything is sent.
import { Problem, tooLarge } from './device.js';
import type { ImageFacts } from './image.js';
import type { Status } from './status.js';
import { type Words, explain } from './words.js';

/**
 * Why the device would refuse the image as it is now, in the device's own terms; `null` when
 * nothing is known against it. Of the facts those count that are there.
 */
export function refusal(
  facts: Pick<ImageFacts, 'bytes'> & Partial<ImageFacts>,
  status: Status,
): Problem | null {
  const { bytes, api, madeFor = 0 } = facts;
  const { fault, state, upload, device } = status;
  const slotSize = Math.min(...status.slots.map((slot) => slot.size));
  if (upload?.phase === 'restarting') {
    return new Problem('restarting', 409, 'The device is restarting', '');
  }
  if (upload) return new Problem('busy', 409, 'Another update is running', '');
  if (state === 'trial') {
    return new Problem('on-trial', 409, 'The running frontend is still on trial', '');
  }
  if (fault !== null) return new Problem('nvs-fault', 500, 'The settings store failed', fault);
  if (!slotSize) return new Problem('no-slots', 500, 'The device has no slots', '');
  if (bytes > slotSize) return tooLarge(slotSize);
  if (madeFor > slotSize) {
    const detail = `the image was made for a slot of ${madeFor} bytes, this device's have ${slotSize}`;
    return new Problem('not-an-image', 422, 'This is not an image for this device', detail);
  }
  if (api && (device.api < api.min || device.api > api.max)) {
    const range = api.min === api.max ? api.min : `${api.min} to ${api.max}`;
    const detail = `the image needs firmware API ${range}, this device has ${device.api}`;
    return new Problem('other-firmware', 422, 'The image needs another firmware', detail);
  }
  return null;
}

/** The same in words for people. */
export function judge(facts: ImageFacts, status: Status): Words | null {
  const problem = refusal(facts, status);
  return problem && explain(problem);
}
