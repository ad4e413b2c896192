/**
 * The browser dashboard: three files of the same bundle as the webview, from memory, on the same port as the protocol.
 * Nothing else is served, whatever is asked for. The token is in no page and no request: the address carries it in its
 * fragment, which a browser never sends.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { webviewDirectory } from './ownFiles.ts';

const files = new Map([
  ['/', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/index.html', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/dashboard.js', { name: 'dashboard.js', type: 'text/javascript; charset=utf-8' }],
  ['/dashboard.css', { name: 'dashboard.css', type: 'text/css; charset=utf-8' }],
]);

/** `connect-src 'self'` does not cover ws: in every browser, so the address is named. */
const policyFor = (host: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    // The hash of nothing: the controls' library adds an empty style element to learn what the browser can do.
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self' ws://${host}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** The request's Host has been checked. */
export function serveDashboard(request: IncomingMessage, response: ServerResponse): void {
  const host = request.headers.host ?? '';
  const path = (request.url ?? '/').split(/[?#]/)[0] ?? '/';
  const file = files.get(path);
  response.setHeader('Content-Security-Policy', policyFor(host));
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(response, 405, 'Only GET is served here.');
    return;
  }
  if (file === undefined) {
    refuse(response, 404, 'There is nothing here.');
    return;
  }
  let contents: Buffer;
  try {
    contents = readFileSync(join(webviewDirectory, file.name));
  } catch {
    refuse(response, 404, `The dashboard is not built: ${file.name} is missing. Run npm run build.`);
    return;
  }
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': contents.length });
  response.end(request.method === 'HEAD' ? undefined : contents);
}

export function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}
