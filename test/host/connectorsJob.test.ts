/** A whole job over sockets, run by the built command: what a server says comes out of a file, and at a WebSocket. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { startCommand } from '../cli/sluiceCommand.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-connectors-'));
const servers: (Server | WebSocketServer)[] = [];
afterAll(async () => {
  for (const server of servers) await new Promise<void>((closed) => server.close(() => closed()));
  rmSync(root, { recursive: true, force: true });
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const lines = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .sort();

test('a job reads a socket and a server, writes to a file, a WebSocket and a function, and ends', async () => {
  const socketPort = await listening(
    createServer((connection) => {
      connection.write('one\n', () => connection.end('two\nthree'));
    }),
  );
  const records = ['four', 'five', 'six'];
  const httpPort = await listening(
    createHttpServer((request, response) => {
      const after = Number(request.url?.slice(1));
      response.end(JSON.stringify({ record: records[after], isLast: after === records.length - 1 }));
    }),
  );
  const received: string[] = [];
  const board = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  servers.push(board);
  board.on('connection', (connection) => connection.on('message', (data) => received.push(String(data))));
  await once(board, 'listening');
  writeFileSync(
    join(root, 'p.ts'),
    `
import { pipeline } from 'sluice';
import { functionSink, http, socket, text, webSocket } from 'sluice/connectors';

const answers = http.poll((cursor) => \`http://127.0.0.1:${httpPort}/\${cursor}\`, {
  everyMs: 1,
  initialCursor: 0,
  bounded: true,
  parse(body, cursor) {
    const { record, isLast } = JSON.parse(body) as { record: string; isLast: boolean };
    return { records: [record], cursor: cursor + 1, last: isLast };
  },
});

export default pipeline('sockets', (env) => {
  env.checkpoints({ interval: '50 ms' });
  const words = env
    .fromSource(socket.source({ host: '127.0.0.1', port: ${socketPort} }), { uid: 'lines' })
    .union(env.fromSource(answers, { uid: 'answers' }));
  words.sinkTo(text.sink('out'), { uid: 'file' });
  words.sinkTo(webSocket.sink<string>('ws://127.0.0.1:${(board.address() as AddressInfo).port}'), { uid: 'board' });
  words.sinkTo(functionSink(async (word: string) => console.log(\`told \${word}\`)), { uid: 'told' });
});
`,
  );
  const { code, stdout, stderr } = await startCommand(['run', 'p.ts'], { cwd: root }).ended;
  expect(stderr).toBe('');
  expect(code, stdout).toBe(0);
  const words = ['five', 'four', 'one', 'six', 'three', 'two'];
  expect(lines(join(root, 'out'))).toEqual(words);
  expect([...new Set(received)].sort()).toEqual(words);
  expect(words.filter((word) => stdout.includes(`told ${word}`))).toEqual(words);
});

test('a job whose server is not there says so in a sentence', async () => {
  const gone = createServer();
  const port = await listening(gone);
  servers.pop();
  await new Promise((closed) => gone.close(closed));
  writeFileSync(
    join(root, 'gone.ts'),
    `
import { pipeline } from 'sluice';
import { consoleSink, socket } from 'sluice/connectors';
export default pipeline('gone', (env) => {
  env.restart({ strategy: 'none' });
  env.fromSource(socket.source({ host: '127.0.0.1', port: ${port} }), { uid: 'in' }).sinkTo(consoleSink(), { uid: 'out' });
});
`,
  );
  const { code, stdout, stderr } = await startCommand(['run', 'gone.ts'], { cwd: root }).ended;
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(
    `The connection to 127.0.0.1:${port} failed (connect ECONNREFUSED 127.0.0.1:${port}): start what is to listen there, or raise maxRetries.`,
  );
});
