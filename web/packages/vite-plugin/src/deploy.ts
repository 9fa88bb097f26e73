// The command `faceplate-deploy`.
import { main } from './deploy/command.js';

process.exitCode = await main(process.argv.slice(2));
