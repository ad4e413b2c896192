/**
 * Query 13, bounded side input join: every bid with what a table says about its auction.
 *
 *   SELECT B.auction, B.bidder, B.price, B.dateTime, S.value
 *   FROM (SELECT *, PROCTIME() AS p_time FROM bid) B
 *   JOIN side_input FOR SYSTEM_TIME AS OF B.p_time AS S ON MOD(B.auction, 10000) = S.key
 *
 * Every subtask has a copy of the table, so bids stay where they are. SQL looks a row up when a bid comes and has read the whole
 * table by then; here the table is a stream as well, whose last record says that this was all of it. Bids that come before
 * that wait, and one whose auction has no row has no part in the join.
 */
import {
  broadcastState,
  ofType,
  operatorListState,
  type Pipeline,
  pipeline,
  type Sink,
  type Source,
} from 'sluice';
import { collection } from 'sluice/connectors';
import { discard } from '../pipelines/discard.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { benchEvents } from './source.ts';

export interface SideRow {
  readonly key: number;
  readonly value: string;
}
export type SideInput = SideRow | 'end of table';

export type EnrichedBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime'> & {
  readonly value: string;
};

const KEYS = 10_000;

export function q13(
  events: Source<NexmarkEvent>,
  out: Sink<EnrichedBid>,
  table: Source<SideInput> = wholeTable(),
): Pipeline {
  return pipeline('nexmark-q13', (env) => {
    const sideInput = env.fromSource(table, { uid: 'side-input' }).broadcast({
      values: broadcastState<number, string>(),
      progress: broadcastState<'is whole', boolean>(),
    });

    env
      .fromSource(events, { uid: 'events' })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .connect(sideInput)
      .process(
        {
          output: ofType<EnrichedBid>(),
          state: { waiting: operatorListState<Bid>() },
          onElement(bid, ctx) {
            const { values, progress } = ctx.broadcast;
            if (!progress.has('is whole')) ctx.state.waiting.add(bid);
            else for (const enriched of enrich(bid, values.get(bid.auction % KEYS))) ctx.emit(enriched);
          },
          onBroadcast(row, ctx) {
            const { values, progress } = ctx.broadcast;
            if (row !== 'end of table') {
              values.set(row.key, row.value);
              return;
            }
            progress.set('is whole', true);
            for (const bid of ctx.state.waiting.get()) {
              for (const enriched of enrich(bid, values.get(bid.auction % KEYS))) ctx.emit(enriched);
            }
            ctx.state.waiting.clear();
          },
        },
        { uid: 'enriched' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

/** Of each key its own name, as in Flink's version. */
function wholeTable(): Source<SideInput> {
  const rows = Array.from({ length: KEYS }, (_row, key) => ({ key, value: String(key) }));
  return collection<SideInput>([...rows, 'end of table']);
}

/** One or none. */
function enrich({ auction, bidder, price, dateTime }: Bid, value: string | undefined): EnrichedBid[] {
  return value === undefined ? [] : [{ auction, bidder, price, dateTime, value }];
}

export default q13(benchEvents, discard());
