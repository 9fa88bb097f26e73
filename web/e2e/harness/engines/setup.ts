// Before all tests in other engines: says which ones are missing, and builds the frontends.
import setup from '../setup.js';
import { ENGINES, findEngine } from './engine.js';

export default async function setupEngines(): Promise<() => Promise<void>> {
  for (const engine of ENGINES) {
    const programs = findEngine(engine);
    if ('missing' in programs) console.log(`SKIPPED ${engine}: ${programs.missing}`);
  }
  return setup();
}
