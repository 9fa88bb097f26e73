// Starts an engine by its W3C WebDriver, with a home and a screen of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Builder, Capabilities, type WebDriver } from 'selenium-webdriver';
import { until } from '../wait.js';
import type { Engine, Programs } from './engine.js';

export interface Driven {
  readonly driver: WebDriver;
  stop(): Promise<void>;
}

export async function startEngine(engine: Engine, programs: Programs): Promise<Driven> {
  const home = await mkdtemp(join(tmpdir(), 'faceplate-e2e-home-'));
  const processes: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of processes.reverse()) await end(process);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: home };
    if (programs.screen) {
      const screen = await startScreen(programs.screen);
      processes.push(screen.process);
      // Without a graphics card the compositor of WebKit draws nothing.
      Object.assign(env, { DISPLAY: screen.display, WEBKIT_DISABLE_COMPOSITING_MODE: '1' });
    }
    const [port, other] = await freePorts();
    const args =
      engine === 'Firefox'
        ? [`--port=${port}`, `--websocket-port=${other}`, '--log=fatal']
        : [`--port=${port}`, '--host=127.0.0.1'];
    processes.push(spawn(programs.driver, args, { env, stdio: 'ignore' }));
    const url = `http://127.0.0.1:${port}`;
    await until('the driver serves', () => fetch(`${url}/status`).catch(() => null));
    const driver = await new Builder()
      .usingServer(url)
      .withCapabilities(new Capabilities(capabilities(engine, programs)))
      .build();
    return {
      driver,
      async stop() {
        // A browser that has ended itself has no session to quit.
        await driver.quit().catch(() => undefined);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function capabilities(engine: Engine, { browser }: Programs): Record<string, unknown> {
  if (engine === 'Firefox')
    return {
      browserName: 'firefox',
      'moz:firefoxOptions': { binary: browser, args: ['-headless'] },
    };
  return {
    browserName: 'MiniBrowser',
    'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
  };
}

/** A screen in memory; it chooses a free number and tells it. */
async function startScreen(program: string): Promise<{ process: ChildProcess; display: string }> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const process = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  let told = '';
  process.stdio[3]?.on('data', (text: Buffer) => (told += text.toString()));
  const display = await until('the screen is there', async () => /^\d+(?=\n)/.exec(told)?.[0]);
  return { process, display: `:${display}` };
}

/** Two ports that are free now; the drivers cannot choose theirs and tell them. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports as [number, number];
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null || !process.pid) return;
  const ended = once(process, 'exit');
  process.kill();
  await ended;
}
