/**
 * What a barrier means, checked on a gate's log: it cuts its channel. What came before it is in the snapshot, by having
 * been processed before the snapshot or by being persisted with it; nothing of what came after it is.
 */
import { expect } from 'vitest';
import type { GateModel } from '../conformance/gateModel.ts';

/** `arrived`: what each channel has brought, in its order. Answers how many snapshots were complete. */
export function checkCuts(gate: GateModel, arrived: readonly (readonly string[])[]): number {
  const { log, persisted, blocked } = gate.result();
  const tokens = log.split(' ');
  const states = new Map<string, string[]>();
  for (const state of persisted.split(', ')) {
    const [id = '', records = ''] = state.split(': ');
    states.set(id, records.split(' '));
  }
  let complete = 0;
  for (const [place, token] of tokens.entries()) {
    if (!/^[TU]\d/.test(token)) continue;
    const id = token.slice(1);
    // An unaligned one counts when its channel state is whole.
    if (token.startsWith('U') && !tokens.includes(`C${id}`)) continue;
    complete++;
    const before = tokens.slice(0, place).filter((other) => other.startsWith('D'));
    const inside = [...before, ...(states.get(id) ?? [])];
    const cut = arrived.flatMap((channel) => {
      const barrierAt = channel.findIndex((other) => isBarrierOf(other, id));
      const hasCome = barrierAt >= 0 || channel.some((other) => other.startsWith('E'));
      if (!hasCome) expect({ arrived, log }).toBe(`checkpoint ${id} was taken without a barrier`);
      return channel.slice(0, barrierAt < 0 ? undefined : barrierAt).filter((other) => other.startsWith('D'));
    });
    if (inside.toSorted().join(' ') !== cut.toSorted().join(' '))
      expect({ arrived, log, persisted, inside }).toEqual({ id, cut });
  }
  const everything = arrived.flat().filter((token) => token.startsWith('D'));
  // Nothing is lost: what nobody has read stands behind a barrier that the other channel still owes.
  if (blocked.length === 0)
    expect(tokens.filter((token) => token.startsWith('D')).toSorted()).toEqual(everything.toSorted());
  return complete;
}

function isBarrierOf(token: string, id: string): boolean {
  return ['B', 'S', 'U'].some((kind) => token.startsWith(`${kind}${id}.`));
}
