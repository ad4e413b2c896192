/** What is taken for a message, and what is refused before it costs anything. */
import { expect, test } from 'vitest';
import { messageDepthMax, parseMessage, rpcCodes } from '../../runtime/server/jsonRpc.ts';

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test.each([
  [
    'a request',
    '{"jsonrpc":"2.0","id":1,"method":"a","params":{"b":2}}',
    { type: 'request', id: 1, method: 'a', params: { b: 2 } },
  ],
  [
    'an id that is text',
    '{"jsonrpc":"2.0","id":"x","method":"a"}',
    { type: 'request', id: 'x', method: 'a' },
  ],
  ['a notification', '{"jsonrpc":"2.0","method":"a"}', { type: 'notification', method: 'a' }],
  [
    'brackets inside a string',
    `{"jsonrpc":"2.0","method":"a","params":{"t":"${'['.repeat(100)}\\"${'['.repeat(100)}"}}`,
    { type: 'notification' },
  ],
])('%s is taken', (_, text, expected) => {
  expect(parseMessage(text)).toMatchObject(expected);
});

test.each([
  ['no JSON', '{', rpcCodes.parseError],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"a"}]', rpcCodes.invalidRequest],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"a"}', rpcCodes.invalidRequest],
  ['no method', '{"jsonrpc":"2.0","id":1}', rpcCodes.invalidRequest],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"a"}', rpcCodes.invalidRequest],
  ['null', 'null', rpcCodes.invalidRequest],
  [
    'a nest',
    `{"jsonrpc":"2.0","id":1,"method":"a","params":${deep(messageDepthMax)}}`,
    rpcCodes.invalidRequest,
  ],
  ['a nest that the parser would recurse into', deep(500_000), rpcCodes.invalidRequest],
])('%s is refused', (_, text, code) => {
  expect(parseMessage(text)).toMatchObject({ type: 'invalid', code });
});
