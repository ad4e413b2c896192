/**
 * Asks a thread that does not come back where it is: which operator, on which record, at which line. The engine does not
 * keep book of it, because two writes per operator and record cost a fifth of a chain's throughput (`docs/decisions/0015`).
 * V8's inspector can interrupt a thread in the middle of a loop; it is spoken to inside this process, no port is opened,
 * and afterwards the thread goes on looping until it is ended.
 *
 * Whatever goes wrong here (no inspector in this Node, a thread inside a system call) leaves the answer empty: the thread is
 * ended all the same, and only less is said about it.
 */
import { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';

export interface ThreadPlace {
  /** Innermost of the operators whose code the thread is in. */
  readonly operator: string | null;
  /** JSON of the record that it was given. */
  readonly record: string | null;
  /** Frames as V8 prints them, unmapped. */
  readonly frames: readonly string[];
}

const nowhere: ThreadPlace = { operator: null, record: null, frames: [] };
const patienceMs = 2_000;
/** A record's `toJSON` is the author's code as well. */
const evaluationMs = 200;
const framesMax = 50;

/** `operators`: uids that the thread may be in. */
export async function whereIs(worker: Worker, operators: readonly string[]): Promise<ThreadPlace> {
  let session: WorkerSession | null = null;
  const timer = new Promise<ThreadPlace>((answer) => setTimeout(() => answer(nowhere), patienceMs).unref());
  try {
    session = new WorkerSession(worker.threadId);
    return await Promise.race([placeIn(session, operators), timer]);
  } catch {
    // Said at the top: less is known then.
    return nowhere;
  } finally {
    session?.close();
  }
}

interface CallFrame {
  readonly callFrameId: string;
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber?: number;
  };
}

async function placeIn(session: WorkerSession, operators: readonly string[]): Promise<ThreadPlace> {
  await session.attached;
  const paused = session.event<{ readonly callFrames: readonly CallFrame[] }>('Debugger.paused');
  await session.ask('Debugger.enable', {});
  await session.ask('Debugger.pause', {});
  const { callFrames } = await paused;
  const frames = callFrames
    .slice(0, framesMax)
    .map(
      ({ functionName, location }) =>
        `    at ${functionName === '' ? '<anonymous>' : functionName} (${session.urls.get(location.scriptId) ?? 'unknown'}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1})`,
    );
  for (const frame of callFrames.slice(0, framesMax)) {
    // A link of the chain, or the intake of a source: both know the uid of their operator.
    const uid = await evaluated(
      session,
      frame,
      "typeof this === 'object' && this !== null ? this.uid : null",
    );
    if (typeof uid !== 'string' || !operators.includes(uid)) continue;
    const isGivenRecord = frame.functionName === 'collect' || frame.functionName === 'receive';
    const record = isGivenRecord
      ? await evaluated(session, frame, 'JSON.stringify(arguments[0])?.slice(0, 2_000)')
      : null;
    return { operator: uid, record: typeof record === 'string' ? record : null, frames };
  }
  return { ...nowhere, frames };
}

async function evaluated(
  session: WorkerSession,
  { callFrameId }: CallFrame,
  expression: string,
): Promise<unknown> {
  const params = { callFrameId, expression, returnByValue: true, silent: true, timeout: evaluationMs };
  const { result } = await session.ask<{ readonly result?: { readonly value?: unknown } }>(
    'Debugger.evaluateOnCallFrame',
    params,
  );
  return result?.value;
}

/** One worker's inspector, through this thread's. */
class WorkerSession {
  readonly attached: Promise<void>;
  /** By script. */
  readonly urls = new Map<string, string>();
  readonly #session = new Session();
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #events = new Map<string, (params: unknown) => void>();
  #worker: string | null = null;
  #nextId = 1;

  constructor(threadId: number) {
    this.#session.connect();
    this.attached = new Promise((attached) => {
      this.#session.on('NodeWorker.attachedToWorker', ({ params }) => {
        // `[worker 7] its name`; the id beside it counts attachments.
        if (/^\[worker (\d+)\]/.exec(params.workerInfo.title)?.[1] !== String(threadId)) return;
        this.#worker = params.sessionId;
        attached();
      });
    });
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId === this.#worker) this.#received(params.message);
    });
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  event<T>(name: string): Promise<T> {
    return new Promise((happened) => this.#events.set(name, happened as (params: unknown) => void));
  }

  ask<T>(method: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    const id = this.#nextId++;
    return new Promise((answer) => {
      this.#answers.set(id, answer as (result: unknown) => void);
      const message = JSON.stringify({ id, method, params });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: this.#worker ?? '', message });
    });
  }

  /** The thread is let go: one that is held cannot be ended. */
  close(): void {
    if (this.#worker !== null) void this.ask('Debugger.disable', {});
    this.#session.post('NodeWorker.disable', () => this.#session.disconnect());
  }

  #received(text: string): void {
    const message = JSON.parse(text) as { id?: number; result?: unknown; method?: string; params?: unknown };
    if (message.method === 'Debugger.scriptParsed') {
      const { scriptId, url } = message.params as { readonly scriptId: string; readonly url: string };
      this.urls.set(scriptId, url);
    } else if (message.id === undefined) this.#events.get(message.method ?? '')?.(message.params);
    else this.#answers.get(message.id)?.(message.result ?? {});
  }
}
