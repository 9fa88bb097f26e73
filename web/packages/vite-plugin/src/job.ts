// The images that this process makes: each is that of its folder when the process ends, or it fails.
import { existsSync, rmSync } from 'node:fs';
import {
  changedSince,
  ImageError,
  makeImage,
  makeRoom,
  NothingYet,
  shown,
  type Fingerprint,
  type Places,
  type Recipe,
} from 'faceplate-pack';
import type { Logger } from 'vite';

export interface Job {
  readonly places: Places;
  readonly recipe: Recipe;
  /** The project that is built. */
  readonly root: string;
  /** Whether the packed files are listed. */
  readonly listed: boolean;
  readonly logger: Logger;
}

interface Begun extends Job {
  /** What the image was made of; `null` while there is no page to pack. */
  folder: Fingerprint | null;
}

/** How many of the files that changed are named. */
const NAMED = 5;

/**
 * By the place of the image. A process has one of these, though a plugin may be made anew for each
 * environment, and each build of a tool that runs several.
 */
const jobs = new Map<string, Begun>();

/** Refuses an image that would be made of two folders; the older image of the same is forgotten. */
export function forget({ dir, out }: Places): void {
  const older = jobs.get(out);
  if (older && older.places.dir !== dir) {
    throw new ImageError(
      `${out} is the image of ${older.places.dir} and of ${dir}; name another place with \`out\``,
    );
  }
  jobs.delete(out);
}

/** Begins a job, and looks after it until the process ends. */
export function begin(job: Job): void {
  forget(job.places);
  jobs.set(job.places.out, { ...job, folder: null });
  if (!process.listeners('exit').includes(atExit)) process.on('exit', atExit);
}

/**
 * Makes the images of a project that are not those of their folders. Where there is no page yet the
 * image waits: what writes the pages may come later.
 */
export function bringUpToDate(root: string): void {
  for (const job of jobs.values()) {
    if (job.root !== root) continue;
    try {
      update(job);
    } catch (error) {
      const { dir, out } = job.places;
      if (!(error instanceof NothingYet)) {
        // Whoever goes on all the same has been told.
        jobs.delete(out);
        throw error;
      }
      job.logger.info(
        `faceplate: no page at the top of ${shown(dir)} yet; ${shown(out)} is made when all is written`,
      );
    }
  }
}

/** Makes an image, unless it is that of its folder. */
function update(job: Begun): void {
  const { places, recipe, listed, logger, folder } = job;
  if (folder) {
    const changed = changedSince(places.dir, recipe.exclude, folder);
    if (changed.length === 0) return;
    logger.info(
      `faceplate: ${named(changed)} changed after ${shown(places.out)}, which is made anew`,
    );
  }
  job.folder = null;
  makeRoom(places);
  const made = makeImage(places, recipe);
  job.folder = made.folder;
  for (const warning of made.warnings) logger.warn(`warning: ${warning}`);
  logger.info(`\n${(listed ? made.report : made.report.slice(0, 1)).join('\n')}`);
}

function named(paths: readonly string[]): string {
  const more = paths.length - NAMED;
  return paths.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/**
 * What ran after the build, in hooks of its own or outside of any, may have written more: a folder is
 * done when its process ends.
 */
function atExit(code: number): void {
  for (const job of jobs.values()) {
    const { dir, out } = job.places;
    // Who took one of them away has no use for the other; but what never was there is a mistake.
    if (job.folder && !(existsSync(dir) && existsSync(out))) continue;
    try {
      if (code === 0) update(job);
      // What failed must not leave an image that looks like its own.
      else if (job.folder && changedSince(dir, job.recipe.exclude, job.folder).length > 0) {
        rmSync(out, { force: true });
      }
    } catch (error) {
      job.logger.error(`faceplate: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}
