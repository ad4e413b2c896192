/**
 * Query 6, average selling price by seller: what did the last ten auctions of each seller bring in on average?
 *
 *   SELECT seller, AVG(price) OVER (PARTITION BY seller ORDER BY dateTime ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)
 *   FROM (the winning bid of each auction)
 *
 * Flink's SQL text of it did not run when it was written, and takes eleven rows; this takes the ten of the question. An
 * auction is sold when event time passes its end: to the highest bid that came in time.
 * Each sale gives one row, and none is ever taken back.
 *
 * The last ten need an order that does not depend on which subtask was faster: a sale waits until event time has passed it,
 * when all that are earlier have come; of those in the same millisecond the auction with the lower id is first.
 */
import { listState, ofType, type Pipeline, pipeline, type Sink, type Source, valueState } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { Auction, Bid, NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';
import { bestPrice, counts } from './winningBids.ts';

export interface SellerPrice {
  readonly seller: number;
  readonly averagePrice: number;
}

interface Sale {
  readonly auction: number;
  readonly seller: number;
  readonly price: number;
  readonly soldAt: number;
}

export function q6(events: Source<NexmarkEvent>, out: Sink<SellerPrice>): Pipeline {
  return pipeline('nexmark-q6', (env) => {
    const all = env.fromSource(events, { uid: 'events', watermarks: eventTime });
    const auctions = all
      .filter((event) => event.kind === 'auction', { uid: 'auctions' })
      .keyBy((auction) => auction.id);
    const bids = all.filter((event) => event.kind === 'bid', { uid: 'bids' }).keyBy((bid) => bid.auction);

    auctions
      .connect(bids)
      .process(
        {
          output: ofType<Sale>(),
          state: { auction: valueState<Auction>(), best: valueState<number>(), waiting: listState<Bid>() },
          onFirst(auction, ctx) {
            ctx.state.auction.set(auction);
            ctx.timers.registerEventTime(auction.expires);
            const best = bestPrice(ctx.state.waiting.get(), auction);
            if (best !== undefined) ctx.state.best.set(best);
            ctx.state.waiting.clear();
          },
          onSecond(bid, ctx) {
            const auction = ctx.state.auction.get();
            if (auction === undefined) ctx.state.waiting.add(bid);
            else if (counts(bid, auction) && bid.price > (ctx.state.best.get() ?? 0))
              ctx.state.best.set(bid.price);
          },
          onTimer({ time }, ctx) {
            const auction = ctx.state.auction.get();
            const best = ctx.state.best.get();
            if (auction === undefined || best === undefined) return;
            ctx.emit({ auction: auction.id, seller: auction.seller, price: best, soldAt: time });
          },
        },
        { uid: 'sales' },
      )
      .keyBy((sale) => sale.seller)
      .process(
        {
          output: ofType<SellerPrice>(),
          state: { coming: listState<Sale>(), lastPrices: listState<number>() },
          onElement(sale, ctx) {
            ctx.state.coming.add(sale);
            ctx.timers.registerEventTime(sale.soldAt);
          },
          onTimer({ time }, ctx) {
            const coming = ctx.state.coming.get();
            const due = coming.filter((sale) => sale.soldAt === time);
            ctx.state.coming.update(coming.filter((sale) => sale.soldAt !== time));
            for (const { price } of due.sort((a, b) => a.auction - b.auction)) {
              const prices = [...ctx.state.lastPrices.get(), price].slice(-10);
              ctx.state.lastPrices.update(prices);
              const sum = prices.reduce((a, b) => a + b, 0);
              ctx.emit({ seller: ctx.key, averagePrice: Math.trunc(sum / prices.length) });
            }
          },
        },
        { uid: 'averages' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q6(benchEvents, discard());
