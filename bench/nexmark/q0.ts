/**
 * Query 0, pass through: every bid as it is. What it costs is what the engine costs.
 *
 *   SELECT auction, bidder, price, dateTime, extra FROM bid
 */
import { type Pipeline, pipeline, type Sink, type Source } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export type PassedBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime' | 'extra'>;

export function q0(events: Source<NexmarkEvent>, out: Sink<PassedBid>): Pipeline {
  return pipeline('nexmark-q0', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }), {
        uid: 'pass',
      })
      .sinkTo(out, { uid: 'out' });
  });
}

export default q0(benchEvents, discard());
