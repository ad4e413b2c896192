/**
 * Types of sources and sinks: what a source reads is known behind it, and a sink of something else is an error. Nothing here
 * runs; each line after a @ts-expect-error must be an error.
 */
import { pipeline, type Sink, type Source } from '../../runtime/api/index.ts';
import {
  collection,
  consoleSink,
  csv,
  functionSink,
  http,
  socket,
  text,
  type WebSocketMessage,
  webSocket,
} from '../../runtime/connectors/index.node.ts';

interface Order {
  readonly id: number;
  readonly customer: string;
}

declare const orders: Source<Order>;
declare function exactly<T>(): <U>(
  value: U & ([T] extends [U] ? ([U] extends [T] ? unknown : never) : never),
) => void;

exactly<Source<string>>()(socket.source({ host: 'localhost', port: 1 }));
exactly<Source<string>>()(webSocket.source('ws://host'));
exactly<Source<string>>()(webSocket.source('ws://host', { maxRetries: 0 }));
exactly<Source<Order>>()(
  webSocket.source('ws://host', {
    parse: (message: WebSocketMessage) => JSON.parse(String(message)) as Order | undefined,
  }),
);
// @ts-expect-error: without `parse` a message is text
exactly<Source<Order>>()(webSocket.source('ws://host'));

// The cursor's type comes from the first one, wherever it is used.
exactly<Source<Order>>()(
  http.poll((after) => `https://host/${after.toFixed()}`, {
    everyMs: 1,
    initialCursor: 0,
    headers: (after) => ({ 'x-after': after.toFixed() }),
    parse: (body, after) => ({ records: JSON.parse(body) as Order[], cursor: after + 1 }),
  }),
);
http.poll('https://host', {
  everyMs: 1,
  initialCursor: 0,
  // @ts-expect-error: the next cursor is of another type
  parse: () => ({ records: [], cursor: 'next' }),
});

pipeline('sinks', (env) => {
  const stream = env.fromSource(orders);
  stream.sinkTo(functionSink((order) => order.customer.length));
  stream.sinkTo(functionSink(async (order: Order) => order.id));
  stream.sinkTo(
    functionSink({
      open: ({ subtaskIndex }) => ({ client: subtaskIndex }),
      write: (order: Order, { client }) => order.id + client,
      close: ({ client }) => client.toFixed(),
    }),
  );
  // @ts-expect-error: what was opened has no server
  functionSink({ open: () => ({ client: 1 }), write: (_order: Order, { server }) => server });
  // @ts-expect-error: an order has no price
  stream.sinkTo(functionSink((order) => order.price));
  // @ts-expect-error: the function takes text, not orders
  stream.sinkTo(functionSink((line: string) => line.length));

  stream.sinkTo(webSocket.sink('ws://host'));
  stream.sinkTo(webSocket.sink('ws://host', { encode: (order: Order) => order.customer }));
  // @ts-expect-error: it encodes text, not orders
  stream.sinkTo(webSocket.sink('ws://host', { encode: (line: string) => line }));

  stream.sinkTo(consoleSink());
  stream.sinkTo(csv.sink('out'));
  // @ts-expect-error: a text sink takes text
  stream.sinkTo(text.sink('out'));
  env.fromSource(collection([1, 2])).sinkTo({} as Sink<number>);
});

// The contract of a source of one's own: a reader gives what the source says.
const numbers: Source<number> = {
  name: 'numbers',
  bounded: true,
  splits: () => ['all'],
  openSplit: () => ({
    // @ts-expect-error: there is no such answer
    poll(emit) {
      // @ts-expect-error: text is no number
      emit('1');
      return emit(1) ? { status: 'done' } : { status: 'more' };
    },
    position: () => ({ offset: 1, resume: null, finished: true }),
    close() {},
  }),
};
exactly<Source<number>>()(numbers);
