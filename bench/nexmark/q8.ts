/**
 * Query 8, monitor new users: who registered and put something up for auction within the same ten seconds?
 *
 *   SELECT P.id, P.name, P.starttime FROM (
 *     SELECT id, name, window_start AS starttime, window_end AS endtime
 *     FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)) GROUP BY id, name, window_start, window_end
 *   ) P JOIN (
 *     SELECT seller, window_start AS starttime, window_end AS endtime
 *     FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)) GROUP BY seller, window_start, window_end
 *   ) A ON P.id = A.seller AND P.starttime = A.starttime AND P.endtime = A.endtime
 *
 * A join would make a row for each of a seller's auctions, which SQL takes together first; a co-group has them together.
 */
import { ofType, type Pipeline, pipeline, type Sink, type Source, tumbling } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export interface NewSeller {
  readonly id: number;
  readonly name: string;
  /** Of the ten seconds. */
  readonly startTime: number;
}

export function q8(events: Source<NexmarkEvent>, out: Sink<NewSeller>): Pipeline {
  return pipeline('nexmark-q8', (env) => {
    const all = env.fromSource(events, { uid: 'events', watermarks: eventTime });
    const people = all
      .filter((event) => event.kind === 'person', { uid: 'people' })
      .keyBy((person) => person.id);
    const auctions = all
      .filter((event) => event.kind === 'auction', { uid: 'auctions' })
      .keyBy((auction) => auction.seller);

    people
      .coGroup(
        auctions,
        { window: tumbling('10 s') },
        {
          output: ofType<NewSeller>(),
          onWindow(registered, sold, { start }, ctx) {
            if (sold.length === 0) return;
            for (const { id, name } of registered) ctx.emit({ id, name, startTime: start });
          },
        },
        { uid: 'new-sellers' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q8(benchEvents, discard());
