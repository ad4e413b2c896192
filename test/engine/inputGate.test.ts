/** Which channel is read next: G1 to G3 of inputGate.ts, as lines of letters. */
import { describe, expect, test } from 'vitest';
import { LocalChannel } from '../../runtime/engine/channels/localChannel.ts';
import { InputGate } from '../../runtime/engine/inputGate.ts';
import { ChannelMeter } from '../../runtime/engine/meters.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import type { ExecutionGraph } from '../../runtime/graph/executionGraph.ts';

const gateOf = (channels: number) => {
  const graph = {
    vertices: [],
    edges: [],
    channels: Array.from({ length: channels }, (_unused, id) => ({ id })),
  } as unknown as ExecutionGraph;
  const table = new MetricsTable(graph, null);
  const queues = Array.from({ length: channels }, (_unused, id) => new LocalChannel(id, 4_096));
  const gate = new InputGate(
    queues.map((reader, id) => ({ reader, meter: new ChannelMeter(table, id), input: 0, keyOf: null })),
  );
  return {
    gate,
    table,
    put: (channel: number, ...values: string[]) => {
      for (const value of values) queues[channel]?.offer({ kind: 'data', values: [value], timestamps: [0] });
    },
    /** Reads until nothing can be read, at most `frames`. */
    read: (frames = Number.POSITIVE_INFINITY): string => {
      const out: string[] = [];
      while (out.length < frames) {
        const place = gate.select();
        if (place < 0) break;
        const frame = queues[place]?.take();
        if (frame?.kind === 'data') out.push(String(frame.values[0]));
      }
      return out.join(' ');
    },
  };
};

describe('the input gate', () => {
  test('channels take turns, a frame each', () => {
    const { put, read } = gateOf(3);
    put(0, 'a1', 'a2', 'a3');
    put(2, 'c1', 'c2');
    expect(read()).toBe('a1 c1 a2 c2 a3');
  });

  test('a blocked channel is not read, and its state is on the screens', () => {
    const { gate, put, read, table } = gateOf(2);
    put(0, 'a1', 'a2');
    put(1, 'b1');
    gate.block(0);
    expect(table.channel(0, 'blocked')).toBe(1);
    expect(read()).toBe('b1');
    gate.release([0]);
    expect(table.channel(0, 'blocked')).toBe(0);
    expect(read()).toBe('a1 a2');
  });

  test('A25 after the release, what had been held back is processed before anything newer', () => {
    const { gate, put, read } = gateOf(3);
    gate.block(1);
    gate.block(0);
    put(0, 'a1', 'a2');
    put(1, 'b1', 'b2');
    put(2, 'c1');
    gate.release([1, 0]);
    put(1, 'b3');
    put(2, 'c2');
    // In the order in which they were blocked, each to where it stood; b3 came later and takes its turn with c.
    expect(read(4)).toBe('b1 b2 a1 a2');
    expect(read().split(' ').sort().join(' ')).toBe('b3 c1 c2');
  });

  test('draining stops at a channel that is blocked again, at its next barrier', () => {
    const { gate, put, read } = gateOf(2);
    gate.block(0);
    put(0, 'a1', 'a2');
    put(1, 'b1');
    gate.release([0]);
    expect(read(1)).toBe('a1');
    gate.block(0);
    expect(read()).toBe('b1');
  });

  test('an input has ended when all of its channels have', () => {
    const { gate } = gateOf(2);
    gate.end(0);
    gate.end(0);
    expect(gate.inputEnded(0)).toBe(false);
    expect(gate.allEnded).toBe(false);
    gate.end(1);
    expect(gate.inputEnded(0)).toBe(true);
    expect(gate.allEnded).toBe(true);
  });
});
