/** When the extension and every dashboard connect, as rows. */
import { expect, test } from 'vitest';
import {
  absent,
  type ConnectionEffect,
  type ConnectionEvent,
  connect,
} from '../../../extension/connection/connection.ts';

const endpoint = (port: number): ConnectionEvent => ({ type: 'endpoint', port });
const opened: ConnectionEvent = { type: 'opened' };
const dropped = (at = 1): ConnectionEvent => ({ type: 'dropped', at });
const woke: ConnectionEvent = { type: 'woke' };
const gone: ConnectionEvent = { type: 'gone' };
const refused: ConnectionEvent = { type: 'refused', reason: 'no' };

function short(effect: ConnectionEffect): string {
  if (effect.do === 'open') return `open(${effect.port})`;
  return effect.do === 'wake' ? `wake(${effect.afterMs})` : effect.do;
}

function play(events: readonly ConnectionEvent[]) {
  let state = absent;
  let effects: readonly ConnectionEffect[] = [];
  for (const event of events) [state, effects] = connect(state, event);
  return { state, effects: effects.map(short).join(' ') };
}

test.each<[string, ConnectionEvent[], string, string]>([
  ['an endpoint is connected to', [endpoint(1)], 'open(1)', 'connecting'],
  ['and open', [endpoint(1), opened], '', 'open'],
  ['the same endpoint again changes nothing', [endpoint(1), opened, endpoint(1)], '', 'open'],
  ['another one replaces it', [endpoint(1), opened, endpoint(2)], 'wake(null) close open(2)', 'connecting'],
  ['a lost connection is tried again soon', [endpoint(1), opened, dropped()], 'wake(100)', 'lost'],
  ['a failed attempt waits longer', [endpoint(1), dropped()], 'wake(200)', 'lost'],
  ['and longer', [endpoint(1), dropped(), woke, dropped()], 'wake(400)', 'lost'],
  [
    'never longer than two seconds',
    [endpoint(1), ...Array(9).fill([dropped(), woke]).flat(), dropped()],
    'wake(2000)',
    'lost',
  ],
  ['success starts the waits afresh', [endpoint(1), dropped(), woke, opened, dropped()], 'wake(100)', 'lost'],
  ['a refusal is not tried again', [endpoint(1), refused, woke], '', 'refused'],
  ['until there is another endpoint', [endpoint(1), refused, endpoint(2)], 'open(2)', 'connecting'],
  [
    'when the runtime is gone there is nothing to try',
    [endpoint(1), opened, gone],
    'wake(null) close',
    'absent',
  ],
  ['a late drop of a closed socket is nothing', [endpoint(1), opened, gone, dropped()], '', 'absent'],
])('%s', (_, events, effects, phase) => {
  const played = play(events);
  expect([played.effects, played.state.phase]).toEqual([effects, phase]);
});

test('the moment at which the picture was last true survives every failed attempt', () => {
  const { state } = play([endpoint(1), opened, dropped(10), woke, dropped(20), woke, dropped(30)]);
  expect(state).toMatchObject({ phase: 'lost', since: 10 });
});
