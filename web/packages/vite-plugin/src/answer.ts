// Answers in the place of a device: for scripts as a device words its errors, for people as a page.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is wrong; `kind` is the last part of the problem's type. */
export interface Wrong {
  readonly kind: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

/** Answers with problem+json (RFC 9457), or a page where a browser asks for one. */
export function answer(incoming: IncomingMessage, outgoing: ServerResponse, wrong: Wrong): void {
  const { kind, status, title, detail } = wrong;
  const html = incoming.headers.accept?.includes('text/html');
  const body = html
    ? `<!doctype html><meta charset="utf-8"><title>${escape(title)}</title>` +
      `<h1>${escape(title)}</h1><p>${escape(detail)}</p>\n`
    : `${JSON.stringify({ type: `/problems/${kind}`, title, status, detail })}\n`;
  outgoing.writeHead(status, {
    'Content-Type': html ? 'text/html; charset=utf-8' : 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  outgoing.end(body);
}

const escape = (text: string) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
