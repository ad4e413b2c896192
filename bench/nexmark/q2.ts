/**
 * Query 2, selection: the prices of bids for some auctions, here for every 123rd.
 *
 *   SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0
 */
import { type Pipeline, pipeline, type Sink, type Source } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export type SelectedBid = Pick<Bid, 'auction' | 'price'>;

export function q2(events: Source<NexmarkEvent>, out: Sink<SelectedBid>): Pipeline {
  return pipeline('nexmark-q2', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .filter((bid) => bid.auction % 123 === 0, { uid: 'selected' })
      .map(({ auction, price }) => ({ auction, price }), { uid: 'price' })
      .sinkTo(out, { uid: 'out' });
  });
}

export default q2(benchEvents, discard());
