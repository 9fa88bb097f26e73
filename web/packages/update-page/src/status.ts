// What `GET /api/ota/status` answers; docs/http-api.md says what each field means.

/** Everything that a device tells about its frontends. */
export interface Status {
  readonly device: {
    readonly name: string;
    readonly firmware: string;
    readonly api: number;
    readonly chip: string;
    /** Another one after every restart. */
    readonly boot_id: string;
    readonly uptime_ms: number;
    /** Whether its Wi-Fi can be set up by a page of its own. */
    readonly wifi?: boolean;
  };
  /** Index in `slots` of the one that the device boots from. */
  readonly active: number;
  readonly state: 'settled' | 'trial' | 'recovery';
  readonly trial: Trial | null;
  readonly last: LastChange | null;
  /** Ids of the keys whose frontends are taken; nothing where anyone's are. */
  readonly signed_by?: readonly string[] | null;
  /** The lowest sequence that is taken; nothing where the device lets itself be taken back. */
  readonly lowest_sequence?: number | null;
  readonly slots: readonly Slot[];
  readonly upload: UploadProgress | null;
  /** What is wrong with the settings store, in words; no change can be made then. */
  readonly fault: string | null;
}

/** The frontend that runs is not confirmed yet. */
export interface Trial {
  readonly confirm: 'device' | 'client';
  readonly seconds_left: number;
  readonly boots_left: number;
}

/** The last change of slot, and why it happened. */
export interface LastChange {
  readonly outcome: 'updated' | 'rolled_back' | 'fell_back' | 'kept';
  readonly reason: 'not_confirmed' | 'kept_restarting' | 'did_not_mount' | 'no_way_back' | null;
  readonly from: number;
  readonly to: number;
}

/** One of the two places for a frontend. Sizes are bytes. */
export interface Slot {
  readonly label: string;
  readonly size: number;
  readonly used: number;
  readonly valid: boolean;
  readonly version: string | null;
  /** 16 lower-case hex digits; null where the frontend has none, or the device does not know of any. */
  readonly build: string | null;
  /** Lowest and highest firmware API that the frontend works with; nothing where it, or the device, does not say. */
  readonly api?: readonly [number, number] | null;
  /** How new it is; 0 where nobody counts. */
  readonly sequence?: number | null;
  /** Id of the key that has signed it; nothing where the device takes anyone's. */
  readonly signer?: string | null;
  readonly sha256: string | null;
  /** What is wrong where `valid` is false. */
  readonly problem: string | null;
}

/** How far the device is, in bytes; `written` is on flash, read back and compared. */
export interface UploadProgress {
  readonly phase: 'writing' | 'checking' | 'switching' | 'restarting';
  readonly received: number;
  readonly written: number;
  readonly total: number;
}
