/** The guide's example of a source that is fed from outside, against a real port. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { datagrams } from '../connectors/datagrams.ts';
import { DrivenReader } from './driven.ts';

test('datagrams come as they were sent, and a port that is taken is told in a sentence', async () => {
  const probe = createSocket('udp4').bind(0);
  await once(probe, 'listening');
  const { port } = probe.address();
  const taken = new DrivenReader(datagrams(port));
  await expect(taken.read(1)).rejects.toThrow(`UDP port ${port} cannot be read: bind EADDRINUSE`);
  taken.close();
  await new Promise<void>((closed) => probe.close(closed));
  const reader = new DrivenReader(datagrams(port));
  reader.begin();
  const sender = createSocket('udp4');
  // Nobody keeps a datagram: it is sent until one has come.
  let isThere = false;
  const sending = (async () => {
    while (!isThere) {
      await new Promise((sent) => sender.send('hello', port, '127.0.0.1', sent));
      // Sending may be over at once; what has come is heard only after a turn of the event loop.
      await new Promise((later) => setImmediate(later));
    }
  })();
  expect(await reader.read(1)).toEqual(['hello']);
  isThere = true;
  await sending;
  sender.close();
  reader.close();
});
