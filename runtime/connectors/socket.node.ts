/** TCP sockets, for `socketSource.ts`. */
import type { Source } from '../operators/source.ts';
import { connectionProblem } from './connectionProblem.node.ts';
import {
  type ByteConnection,
  type ByteEvents,
  type SocketSourceOptions,
  socketSource,
} from './socketSource.ts';

/** Reads the text that a server sends, record by record, as Flink's socketTextStream does. At-most-once. */
export function source(options: SocketSourceOptions): Source<string> {
  return socketSource(options, connect);
}

function connect(
  address: { readonly host: string; readonly port: number },
  events: ByteEvents,
): ByteConnection {
  // Asked for when it is needed: every pipeline imports this file, and few open a socket.
  const socket = process.getBuiltinModule('node:net').connect(address);
  let isOver = false;
  const over = (say: () => void): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    say();
  };
  socket.on('connect', () => {
    if (!isOver) events.onOpen();
  });
  socket.on('data', (bytes) => {
    if (!isOver) events.onBytes(bytes);
  });
  socket.on('end', () => over(() => events.onEnd()));
  socket.on('error', (error) => over(() => events.onFailure(connectionProblem(error))));
  socket.on('close', () => over(() => events.onFailure('the connection was closed')));
  return {
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    close: () => over(() => {}),
  };
}
