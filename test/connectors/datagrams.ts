/** A source of one's own that is fed from outside: the datagrams that come to a UDP port. At-most-once: nobody keeps them. */
import { createSocket } from 'node:dgram';
import { type Source, SourceError } from 'sluice';

/** So many wait at most; UDP knows no way to make a sender wait, so what comes beyond is left out, and counted. */
const inboxMax = 10_000;

export function datagrams(port: number): Source<string> {
  return {
    name: `UDP ${port}`,
    bounded: false,
    splits: () => ['all'],
    openSplit(_split, from, context) {
      const inbox: string[] = [];
      let offset = from?.offset ?? 0;
      let leftOut = 0;
      let failure: Error | null = null;
      // Callbacks only put down what came, and say so: the engine then polls.
      const socket = createSocket('udp4');
      socket.on('message', (message) => {
        if (inbox.length < inboxMax) inbox.push(message.toString('utf8'));
        else leftOut++;
        context.wake();
      });
      socket.on('error', (error) => {
        failure = error;
        context.wake();
      });
      socket.bind(port);
      return {
        poll(emit, budget) {
          if (failure !== null) throw new SourceError(`UDP port ${port} cannot be read: ${failure.message}.`);
          if (leftOut > 0) context.log('warning', `${leftOut} datagrams came faster than they were read.`);
          leftOut = 0;
          for (let left = budget; left > 0; left--) {
            const record = inbox.shift();
            if (record === undefined) return { status: 'waiting', at: null };
            offset++;
            if (!emit(record)) break;
          }
          return { status: 'more' };
        },
        position: () => ({ offset, resume: null, finished: false }),
        close: () => socket.close(),
      };
    },
  };
}
