/**
 * Query 4, average price for a category: what do the auctions of each category bring in on average?
 *
 *   SELECT Q.category, AVG(Q.final) FROM (
 *     SELECT MAX(B.price) AS final, A.category FROM auction A, bid B
 *     WHERE A.id = B.auction AND B.dateTime BETWEEN A.dateTime AND A.expires GROUP BY A.id, A.category
 *   ) Q GROUP BY Q.category
 *
 * The answer is never final: SQL takes rows back and puts others in their place. Here every row is an upsert by `category`:
 * **the last row of a category is its result.** An auction whose best bid rises says by how much, so that its category has
 * to know nothing but a sum and a count. The average is a whole number, cut off as SQL does.
 */
import { listState, ofType, type Pipeline, pipeline, type Sink, type Source, valueState } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Auction, Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';
import { bestPrice, counts } from './winningBids.ts';

export interface CategoryPrice {
  readonly category: number;
  readonly final: number;
}

/** The best bid of one auction has risen. */
interface Rise {
  readonly category: number;
  readonly by: number;
  /** Before it the auction had no bid that counts. */
  readonly isFirst: boolean;
}

export function q4(events: Source<NexmarkEvent>, out: Sink<CategoryPrice>): Pipeline {
  return pipeline('nexmark-q4', (env) => {
    const all = env.fromSource(events, { uid: 'events', watermarks: eventTime });
    const auctions = all
      .filter((event) => event.kind === 'auction', { uid: 'auctions' })
      .keyBy((auction) => auction.id);
    const bids = all.filter((event) => event.kind === 'bid', { uid: 'bids' }).keyBy((bid) => bid.auction);

    auctions
      .connect(bids)
      .process(
        {
          output: ofType<Rise>(),
          state: { auction: valueState<Auction>(), best: valueState<number>(), waiting: listState<Bid>() },
          onFirst(auction, ctx) {
            ctx.state.auction.set(auction);
            const best = bestPrice(ctx.state.waiting.get(), auction);
            ctx.state.waiting.clear();
            if (best === undefined) return;
            ctx.state.best.set(best);
            ctx.emit({ category: auction.category, by: best, isFirst: true });
          },
          onSecond(bid, ctx) {
            const auction = ctx.state.auction.get();
            if (auction === undefined) {
              ctx.state.waiting.add(bid);
              return;
            }
            const best = ctx.state.best.get();
            if (!counts(bid, auction) || bid.price <= (best ?? 0)) return;
            ctx.state.best.set(bid.price);
            ctx.emit({
              category: auction.category,
              by: bid.price - (best ?? 0),
              isFirst: best === undefined,
            });
          },
        },
        { uid: 'best-bids' },
      )
      .keyBy((rise) => rise.category)
      .process(
        {
          output: ofType<CategoryPrice>(),
          state: { prices: valueState({ initial: { sum: 0, count: 0 } }) },
          onElement({ category, by, isFirst }, ctx) {
            const before = ctx.state.prices.get();
            const sum = before.sum + by;
            const count = before.count + (isFirst ? 1 : 0);
            ctx.state.prices.set({ sum, count });
            ctx.emit({ category, final: Math.trunc(sum / count) });
          },
        },
        { uid: 'average' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q4(benchEvents, discard());
