/** Readers and writers driven as a task does it, by real callbacks: they are asked again when they wake, or when it is time. */
import { machineClock } from '../../runtime/host/machineClock.ts';
import type { SinkWriter } from '../../runtime/operators/sink.ts';
import type { Source, SplitPosition, SplitReader } from '../../runtime/operators/source.ts';
import { sinkContext, sourceContext } from '../connectors/contexts.ts';
import { MemoryFiles } from '../connectors/memoryFiles.ts';

/** Calls that may come before somebody waits for them. */
class Bell {
  #hasRung = false;
  #answer: (() => void) | null = null;

  readonly ring = (): void => {
    this.#hasRung = true;
    this.#answer?.();
  };

  /** Until it rings, or until `at` by the machine's clock. */
  async rung(at: number | null): Promise<void> {
    if (!this.#hasRung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((answer) => {
        this.#answer = answer;
        if (at !== null) timer = setTimeout(answer, Math.max(0, at - machineClock.now()));
      });
      clearTimeout(timer);
    }
    this.#hasRung = false;
    this.#answer = null;
  }
}

export class DrivenReader<T> {
  readonly records: T[] = [];
  readonly log: string[] = [];
  readonly #bell = new Bell();
  readonly #reader: SplitReader<T>;
  isFinished = false;

  constructor(source: Source<T>, from: SplitPosition | null = null) {
    this.#reader = source.openSplit('all', from, {
      ...sourceContext(new MemoryFiles(), machineClock),
      wake: this.#bell.ring,
      log: (_level, text) => this.log.push(text),
    });
  }

  /** Reads on until there are so many records, or it is finished. */
  async read(count: number): Promise<readonly T[]> {
    while (this.records.length < count && !this.isFinished) {
      const result = this.#reader.poll((record) => this.records.push(record) < count, 1_000);
      this.isFinished = result.status === 'finished';
      if (result.status === 'waiting') await this.#bell.rung(result.at);
    }
    return this.records;
  }

  /** Asked once, so that it begins. */
  begin(): void {
    this.#reader.poll(() => true, 1);
  }

  position(): SplitPosition {
    return structuredClone(this.#reader.position());
  }

  close(): void {
    this.#reader.close();
  }
}

export class DrivenWriter<T> {
  readonly writer: SinkWriter<T, unknown>;
  readonly log: string[] = [];
  readonly #bell = new Bell();

  constructor(writer: SinkWriter<T, unknown>) {
    this.writer = writer;
    writer.open(
      sinkContext(new MemoryFiles(), {
        clock: machineClock,
        wake: this.#bell.ring,
        log: (_level, text) => this.log.push(text),
      }),
      [],
    );
  }

  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      this.writer.advance?.(machineClock.now());
      if (condition()) return;
      await this.#bell.rung(this.writer.wakeAt?.() ?? null);
    }
  }

  /** A barrier, until its checkpoint may complete. */
  async checkpoint(): Promise<void> {
    let isDone = true;
    this.writer.prepareCommit({
      checkpointId: 1,
      defer: (work) => {
        isDone = false;
        work(() => {
          isDone = true;
          this.#bell.ring();
        });
      },
    });
    await this.until(() => isDone);
  }
}
