/**
 * Query 7, highest bid: which bids of every ten seconds were the highest? All of them, where several are equal.
 *
 *   SELECT B.auction, B.bidder, B.price, B.dateTime, B.extra FROM bid B JOIN (
 *     SELECT MAX(price) AS maxprice, window_end AS dateTime
 *     FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
 *   ) B1 ON B.price = B1.maxprice WHERE B.dateTime BETWEEN B1.dateTime - INTERVAL '10' SECOND AND B1.dateTime
 *
 * BETWEEN also lets in a bid of the first millisecond after the ten seconds. The question does not ask for it, nor is it here.
 */
import { ofType, type Pipeline, pipeline, type Sink, type Source, tumbling } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export type HighestBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime' | 'extra'>;

export function q7(events: Source<NexmarkEvent>, out: Sink<HighestBid>): Pipeline {
  return pipeline('nexmark-q7', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .windowAll(tumbling('10 s'))
      .aggregate(
        {
          output: ofType<HighestBid>(),
          create: (): HighestBid[] => [],
          add: (highest, bid) => {
            const price = highest[0]?.price ?? 0;
            if (bid.price > price) return [columns(bid)];
            if (bid.price === price) highest.push(columns(bid));
            return highest;
          },
          onWindow(highest, _window, ctx) {
            for (const bid of highest) ctx.emit(bid);
          },
        },
        { uid: 'highest' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

function columns({ auction, bidder, price, dateTime, extra }: Bid): HighestBid {
  return { auction, bidder, price, dateTime, extra };
}

export default q7(benchEvents, discard());
