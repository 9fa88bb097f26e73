// How an image is sent, as a line.
import type { Sent } from 'faceplate-update-page/ota';
import { bytes } from 'faceplate-pack';

/** `name`: of the frontend. */
export function sending(name: string, { bytes: some, total, how }: Sent): string {
  const all = `sending ${name} (${bytes(total)})`;
  const part = `${bytes(some)} of ${bytes(total)}`;
  switch (how) {
    case 'patch':
      return `sending ${name} (${part}: what the device does not have)`;
    case 'rest':
      return `the connection was lost; sending the rest of ${name} (${part})`;
    case 'asked':
      return all;
    case 'unknown':
      return `${all}: all of it, since the device does not tell what it has`;
    case 'differs':
      return `${all}: all of it, since nearly all of it differs from what the device has`;
    case 'refused':
      return `${all}: all of it, since the device did not take what differs`;
  }
}
