/**
 * Query 5, hot items: which auctions had the most bids of the last ten seconds, every two seconds? All of them, where several
 * had as many.
 *
 *   SELECT AuctionBids.auction, AuctionBids.num FROM (
 *     SELECT auction, COUNT(*) AS num, window_start, window_end
 *     FROM TABLE(HOP(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
 *     GROUP BY auction, window_start, window_end
 *   ) AuctionBids JOIN (the same, and of each window MAX(num) AS maxn) MaxBids
 *   ON AuctionBids.window_start = MaxBids.window_start AND … AND AuctionBids.num >= MaxBids.maxn
 *
 * The count of a window has the window's last millisecond as its time, so that the counts of the windows which end together
 * are those of the same two seconds.
 */
import { ofType, type Pipeline, pipeline, type Sink, type Source, sliding, tumbling } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export interface HotItem {
  readonly auction: number;
  /** Bids in the ten seconds. */
  readonly num: number;
}

export function q5(events: Source<NexmarkEvent>, out: Sink<HotItem>): Pipeline {
  return pipeline('nexmark-q5', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .keyBy((bid) => bid.auction)
      .window(sliding('10 s', '2 s'))
      .aggregate(
        {
          create: () => 0,
          add: (num) => num + 1,
          merge: (left, right) => left + right,
          result: (num, { key }): HotItem => ({ auction: key, num }),
        },
        { uid: 'counts' },
      )
      .windowAll(tumbling('2 s'))
      .aggregate(
        {
          output: ofType<HotItem>(),
          create: (): HotItem[] => [],
          add: (hottest, item) => {
            const most = hottest[0]?.num ?? 0;
            if (item.num > most) return [item];
            if (item.num === most) hottest.push(item);
            return hottest;
          },
          onWindow(hottest, _window, ctx) {
            for (const item of hottest) ctx.emit(item);
          },
        },
        { uid: 'hottest' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q5(benchEvents, discard());
