/** The events of a run as an array: what its source gives when it is read by hand, lane after lane. */
import type { NexmarkEvent } from '../../bench/nexmark/model.ts';
import { type NexmarkOptions, nexmark } from '../../bench/nexmark/source.ts';
import { ManualClock } from '../../runtime/base/clock.ts';
import type { SourceContext } from '../../runtime/operators/source.ts';
import { MemoryDisk } from '../simulation/memoryDisk.ts';

export const sourceContext: SourceContext = {
  uid: 'events',
  subtaskIndex: 0,
  parallelism: 1,
  clock: new ManualClock(),
  files: new MemoryDisk((call) => call()),
  log: () => undefined,
  wake: () => undefined,
};

export function eventsOf(options: NexmarkOptions): readonly NexmarkEvent[] {
  const events: NexmarkEvent[] = [];
  const source = nexmark(options);
  for (const split of source.splits(sourceContext)) {
    const reader = source.openSplit(split, null, sourceContext);
    const take = (event: NexmarkEvent) => events.push(event) > 0;
    while (reader.poll(take, 1_000).status !== 'finished');
    reader.close();
  }
  return events;
}
