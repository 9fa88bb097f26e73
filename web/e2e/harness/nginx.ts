// A real nginx on loopback, which leads to a device below a prefix: with TLS and without, as docs/reverse-proxy.md says.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './wait.js';

/** Where the device is below. */
const PREFIX = '/kitchen';

const INSTALLED = [
  '/usr/sbin/nginx',
  '/usr/bin/nginx',
  '/usr/local/bin/nginx',
  '/opt/homebrew/bin/nginx',
];

/** The one that `NGINX` names, which may be none; else an installed one. */
export const nginx = [process.env['NGINX'] ?? INSTALLED].flat().find((path) => existsSync(path));

/** A port that nobody listens at, and that no system gives to whoever wants any: those begin at 32768. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 16_384 + Math.floor(Math.random() * 16_000);
    const server = createServer();
    const free = new Promise<boolean>((done) => {
      server.on('error', () => done(false));
      server.listen(port, '127.0.0.1', () => done(true));
    });
    if (!(await free)) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

export class Nginx {
  #process: ChildProcess | null = null;
  #output = '';

  private constructor(
    readonly folder: string,
    readonly plainPort: number,
    readonly tlsPort: number,
  ) {}

  /** Chooses its ports, which a device may have to know. */
  static async prepare(): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-nginx-'));
    const plain = await freePort();
    let tls = plain;
    while (tls === plain) tls = await freePort();
    return new Nginx(folder, plain, tls);
  }

  get url(): string {
    return `http://127.0.0.1:${this.plainPort}${PREFIX}`;
  }
  /** What a browser shows of it. */
  get tlsHost(): string {
    return `127.0.0.1:${this.tlsPort}`;
  }
  get tlsUrl(): string {
    return `https://${this.tlsHost}${PREFIX}`;
  }

  /** `settings`: more of its configuration. */
  async start(device: { url: string }, settings = ''): Promise<void> {
    const at = (name: string) => join(this.folder, name);
    // A certificate for an hour that nobody trusts.
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '1', '-subj', '/CN=127.0.0.1', '-keyout', at('key.pem'), '-out', at('cert.pem')],
    ]);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    await writeFile(
      at('nginx.conf'),
      `daemon off;
      master_process off;
      pid ${at('pid')};
      events {}
      http {
        access_log off;
        # What an administrator may have set for all sites, and would break some commands.
        gzip on;
        gzip_proxied any;
        gzip_types *;
        gzip_min_length 1;
        ${temporary.map((kind) => `${kind}_temp_path ${at(kind)};`).join(' ')}
        server {
          listen 127.0.0.1:${this.plainPort};
          listen 127.0.0.1:${this.tlsPort} ssl;
          ssl_certificate ${at('cert.pem')};
          ssl_certificate_key ${at('key.pem')};
          location ${PREFIX}/ {
            proxy_pass ${device.url}/;
            proxy_http_version 1.1;
            ${settings && `${settings};`}
            proxy_request_buffering off;
            client_max_body_size 16m;
            gzip off;
          }
        }
      }`,
    );
    const child = spawn(nginx ?? 'nginx', [
      '-p',
      this.folder,
      '-e',
      'stderr',
      '-c',
      at('nginx.conf'),
    ]);
    this.#process = child;
    child.stderr.on('data', (text: Buffer) => (this.#output += text.toString()));
    child.on('error', (error) => (this.#output += error.message));
    await until('nginx serves', async () => {
      if (child.exitCode !== null) throw new Error(`nginx did not start: ${this.#output}`);
      return fetch(this.url).then(
        () => true,
        () => undefined,
      );
    });
  }

  async stop(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
