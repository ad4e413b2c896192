/**
 * Query 1, currency conversion: every bid with its price in euros instead of dollars.
 *
 *   SELECT auction, bidder, 0.908 * price AS price, dateTime, extra FROM bid
 *
 * SQL multiplies decimals. A price in thousandths is a whole number, and one division of it gives the number next to the
 * decimal; 0.908 itself is not a number that a computer has.
 */
import { type Pipeline, pipeline, type Sink, type Source } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export type EuroBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime' | 'extra'>;

export function q1(events: Source<NexmarkEvent>, out: Sink<EuroBid>): Pipeline {
  return pipeline('nexmark-q1', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .map(
        ({ auction, bidder, price, dateTime, extra }) => ({
          auction,
          bidder,
          price: (price * 908) / 1_000,
          dateTime,
          extra,
        }),
        { uid: 'euros' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q1(benchEvents, discard());
