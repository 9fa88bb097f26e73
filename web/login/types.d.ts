// What `login.js` is made of: kept beside it, since every byte of that file is in the firmware.

/** What `GET /api/login` answers; the rest is there only where a password is set. */
interface Told {
  set: boolean;
  iterations: number;
  /** Base64. */
  salt: string;
  nonce: string;
}

/** What is kept for one tab: not the password, but what it takes to prove that one knows it. */
interface Kept {
  salt: string;
  iterations: number;
  /** SaltedPassword of RFC 5802, base64. */
  salted: string;
}

/** States of SHA-256 after the inner and the outer pad: an HMAC key, half of its work done. */
type Key = [Words32, Words32];

/** Words of 32 bits, big-endian. */
type Words32 = Int32Array<ArrayBuffer>;

interface Session {
  id: string;
  key: Key;
  /** The last number that was used. */
  n: number;
}

type Mode = 'ask' | 'set' | 'change';

/**
 * What went wrong last:
 * - `wrong`: the device knows another password
 * - `slow`: so many were wrong that the device waits
 * - `short`, `differs`: the new password
 * - `unreachable`: no answer, or none that a device gives
 * - `unproved`: it did not prove that it knows the password, or asks for it in a way that gives it away
 * - `refused`: any other answer
 */
type Fault = 'wrong' | 'slow' | 'short' | 'differs' | 'unreachable' | 'unproved' | 'refused';

/** All that the dialog shows follows from this. */
interface State {
  mode: Mode;
  busy: boolean;
  fault: Fault | null;
  /** Seconds until the device takes the next one. */
  wait: number;
}

interface View {
  lang: string;
  title: string;
  text: string;
  /** One input, or two for a new password. */
  labels: string[];
  autocomplete: 'current-password' | 'new-password';
  error: string;
  submit: string;
  cancel: string;
  /** Nothing can be sent now. */
  disabled: boolean;
  /** What was entered is wrong. */
  invalid: boolean;
}

interface Words {
  lang: string;
  title: Record<Mode, string>;
  text: Record<Mode, string>;
  label: string;
  labels: string[];
  submit: Record<Mode, string>;
  cancel: string;
  busy: string;
  fault: Record<Fault, string>;
}

interface Options {
  /** Does not ask a person who has closed the dialog before. */
  once?: boolean;
}

interface Init extends RequestInit {
  /** Never asks the person. */
  quiet?: boolean;
}

interface Window {
  /** For scripts that are no modules. */
  faceplateLogin?: typeof import('./login.js');
}
