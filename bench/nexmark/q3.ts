/**
 * Query 3, local item suggestion: who sells in Oregon, Idaho or California something of category 10?
 *
 *   SELECT P.name, P.city, P.state, A.id FROM auction A JOIN person P ON A.seller = P.id
 *   WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')
 *
 * An incremental join without a window: it does not matter which side comes first, nor how much later the other one does.
 * A person registers once, so an auction need not be kept once its seller is known.
 */
import { listState, ofType, type Pipeline, pipeline, type Sink, type Source, valueState } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { NexmarkEvent, Person } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export interface LocalItem {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  /** Of the auction. */
  readonly id: number;
}

const nearby = new Set(['OR', 'ID', 'CA']);

export function q3(events: Source<NexmarkEvent>, out: Sink<LocalItem>): Pipeline {
  return pipeline('nexmark-q3', (env) => {
    const all = env.fromSource(events, { uid: 'events', watermarks: eventTime });
    const sellers = all
      .filter((event) => event.kind === 'person', { uid: 'people' })
      .filter((person) => nearby.has(person.state), { uid: 'nearby' })
      .keyBy((person) => person.id);
    const auctions = all
      .filter((event) => event.kind === 'auction', { uid: 'auctions' })
      .filter((auction) => auction.category === 10, { uid: 'category-10' })
      .keyBy((auction) => auction.seller);

    sellers
      .connect(auctions)
      .process(
        {
          output: ofType<LocalItem>(),
          state: { seller: valueState<Person>(), waiting: listState<number>() },
          onFirst(seller, ctx) {
            ctx.state.seller.set(seller);
            for (const id of ctx.state.waiting.get()) ctx.emit(item(seller, id));
            ctx.state.waiting.clear();
          },
          onSecond({ id }, ctx) {
            const seller = ctx.state.seller.get();
            if (seller === undefined) ctx.state.waiting.add(id);
            else ctx.emit(item(seller, id));
          },
        },
        { uid: 'suggestions' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

function item({ name, city, state }: Person, id: number): LocalItem {
  return { name, city, state, id };
}

export default q3(benchEvents, discard());
