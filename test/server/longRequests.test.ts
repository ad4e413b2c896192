/** Requests that take long: whoever asked hears how far they are, and may call them back. */
import { expect, test } from 'vitest';
import type { Answer, Asked } from '../../runtime/server/services.ts';
import { ServerWorld } from './serverWorld.ts';

const pair = { a: 'a', b: 'b' };

/** A server whose comparisons are answered by the test. */
function world() {
  const begun: { readonly asked: Asked; readonly answer: Answer<never>; cancelled: number }[] = [];
  const server = new ServerWorld({
    'savepoint/compare': (_params, answer, asked) => {
      const request = { asked, answer: answer as Answer<never>, cancelled: 0 };
      asked.onCancel(() => request.cancelled++);
      begun.push(request);
    },
  }).begin();
  return { server, begun };
}

test('a request that is cancelled hears of it once, and is answered all the same', () => {
  const { server, begun } = world();
  const client = server.client();
  const id = client.send('savepoint/compare', pair);
  const cancel = (params: unknown) =>
    client.session.receive(JSON.stringify({ jsonrpc: '2.0', method: '$/cancelRequest', params }));
  cancel({ id: id + 1 });
  cancel(null);
  cancel({ id: {} });
  expect(begun[0]!.cancelled).toBe(0);
  cancel({ id });
  cancel({ id });
  expect(begun[0]!.cancelled).toBe(1);
  begun[0]!.answer({ ok: false, error: { code: -32_800, message: 'It was cancelled.' } });
  expect(client.answer(id)?.error?.code).toBe(-32_800);
  cancel({ id });
  expect(begun[0]!.cancelled).toBe(1);
});

test('a client that goes away has cancelled what it asked for', () => {
  const { server, begun } = world();
  const client = server.client();
  client.send('savepoint/compare', pair);
  client.send('savepoint/compare', pair);
  client.session.closed();
  expect(begun.map(({ cancelled }) => cancelled)).toEqual([1, 1]);
});

test('progress is told to the client that asked, and to no other', () => {
  const { server, begun } = world();
  const [client, other] = [server.client(), server.client()];
  client.send('savepoint/compare', pair);
  begun[0]!.asked.notify('savepoint/progress', { progress: 'mine', done: 1, total: 2 });
  const told = { method: 'savepoint/progress', params: { progress: 'mine', done: 1, total: 2 } };
  expect(client.received).toContainEqual(expect.objectContaining(told));
  expect(other.received.some(({ method }) => method === 'savepoint/progress')).toBe(false);
});
