/**
 * One operator, or any piece of a pipeline with one or two inputs, between hand-driven inputs and a recorded output. It is
 * a small pipeline of its own, run by the same engine as any other.
 */
import type { DataStream } from '../api/dataStream.ts';
import type { Environment } from '../api/environment.ts';
import type { OutputTag } from '../api/outputTag.ts';
import { pipeline } from '../api/pipeline.ts';
import { present } from '../base/assert.ts';
import type { Timestamp } from '../operators/operator.ts';
import { handDrivenInput } from './handDrivenInput.ts';
import { type HandDrivenSource, HandLog } from './handDrivenSource.ts';
import { MemoryJob } from './memoryJob.ts';
import { type Emitted, Recording, recordingSink } from './recordingSink.ts';
import { type Savepoint, worldOf } from './savepoint.ts';
import { noSuch, TestKitError } from './testError.ts';
import { type InputDriver, type InputLane, newLogs, TestInput } from './testInput.ts';
import { TestRun } from './testRun.ts';

export interface OperatorTestOptions {
  /** Default 1. */
  readonly parallelism?: number;
  /** The number of key groups. Default 128, as in a pipeline. */
  readonly maxParallelism?: number;
  /** Of each input. Records are dealt out to them in turn. Default: as many as the parallelism; restored: as they were. */
  readonly splits?: number;
  /** Side outputs of the last operator that `outputOf` will be asked for. */
  readonly sideOutputs?: readonly OutputTag<unknown>[];
  /** The machine's clock at the beginning, milliseconds since the epoch. Default 0; restored: as it was. */
  readonly now?: number;
  /** Begins with what a savepoint of this or another test holds. */
  readonly from?: Savepoint;
  /** What the savepoint holds beyond what the operators take is left behind instead of refused. */
  readonly allowNonRestoredState?: boolean;
}

/** Writes the piece that is tested; `env` is for settings of the job. */
export type Piece<In, Out> = (stream: DataStream<In>, env: Environment) => DataStream<Out>;
export type Piece2<First, Second, Out> = (
  first: DataStream<First>,
  second: DataStream<Second>,
  env: Environment,
) => DataStream<Out>;

/** Runs a piece of a pipeline with one input. */
export function testOperator<In, Out>(
  piece: Piece<In, Out>,
  options: OperatorTestOptions = {},
): OperatorTest<In, Out> {
  return new OperatorTest(piece, options);
}

/** Runs a piece of a pipeline with two inputs. */
export function testOperator2<First, Second, Out>(
  piece: Piece2<First, Second, Out>,
  options: OperatorTestOptions = {},
): OperatorTest2<First, Second, Out> {
  return new OperatorTest2(piece, options);
}

abstract class OutputTest<Out> extends TestRun {
  readonly #inputs: ReadonlyMap<string, TestInput<unknown>>;
  readonly #recordings: ReadonlyMap<string, Recording>;

  protected constructor(
    inputs: readonly string[],
    write: (env: Environment, streams: readonly DataStream<unknown>[]) => DataStream<Out>,
    options: OperatorTestOptions,
  ) {
    const { from, sideOutputs = [] } = options;
    const uids = [OUTPUT, ...sideOutputs.map(sideUid)];
    const recordings = new Map(
      uids.map((uid) => [uid, new Recording(from?.world.committed.get(uid))] as const),
    );
    const logs = new Map(inputs.map((name) => [name, logsOf(name, options)]));
    const sources = new Map<string, HandDrivenSource>();
    const written = pipeline('test', (env) => {
      env.maxParallelism = options.maxParallelism ?? env.maxParallelism;
      const streams = inputs.map((name) => {
        const { stream, source } = handDrivenInput(env, name, logs.get(name) ?? []);
        sources.set(name, source);
        return stream;
      });
      const output = write(env, streams);
      record(output, OUTPUT, recordings);
      for (const tag of sideOutputs) record(output.sideOutput(tag), sideUid(tag), recordings);
    });
    super(
      new MemoryJob({
        define: () => written.define({ parallelism: options.parallelism ?? 1 }),
        restore: from ?? null,
        allowNonRestoredState: options.allowNonRestoredState ?? false,
        now: options.now ?? from?.world.now ?? 0,
        files: {},
        world: () => worldOf(logs, recordings),
      }),
    );
    this.#recordings = recordings;
    const made = inputs.map((name): [string, TestInput<unknown>] => {
      const driver: InputDriver = {
        source: () => present(sources.get(name), `the source of ${name}`),
        moved: () => this.moved(),
        saysWatermarks: true,
      };
      const shown = name === INPUT ? 'the input' : `the ${name} input`;
      return [name, new TestInput(shown, logs.get(name) ?? [], driver)];
    });
    this.#inputs = new Map(made);
    this.run();
  }

  /** What came out so far, in order. */
  get output(): readonly Out[] {
    return this.emitted.map(({ value }) => value);
  }

  /** The same, with event time. */
  get emitted(): readonly Emitted<Out>[] {
    return this.#recorded(OUTPUT).written as readonly Emitted<Out>[];
  }

  /** What came out since the last call of this. */
  takeOutput(): readonly Out[] {
    const { written } = this.#recorded(OUTPUT);
    return written.splice(0, written.length).map(({ value }) => value as Out);
  }

  /** What came out of a side output, which the options must name. */
  outputOf<T>(tag: OutputTag<T>): readonly T[] {
    const recording = this.#recordings.get(sideUid(tag));
    if (recording === undefined) {
      const known = [...this.#recordings.keys()].filter((uid) => uid !== OUTPUT).map(nameOfSide);
      throw noSuch('side output', tag.name, 'among the `sideOutputs` of this test', known);
    }
    return recording.written.map(({ value }) => value as T);
  }

  /** Event time that has come out; -Infinity at first, Infinity at the end. */
  get outputWatermark(): Timestamp {
    return this.job.tasks.watermarkOf(OUTPUT, 0);
  }

  protected input<In>(name: string): TestInput<In> {
    return present(this.#inputs.get(name), `the input ${name}`) as TestInput<unknown>;
  }

  #recorded(uid: string): Recording {
    return present(this.#recordings.get(uid), `what was recorded of ${uid}`);
  }
}

export class OperatorTest<In, Out> extends OutputTest<Out> implements InputLane<In> {
  readonly #piece: Piece<In, Out>;
  readonly #options: OperatorTestOptions;

  /** Made by `testOperator`. */
  constructor(piece: Piece<In, Out>, options: OperatorTestOptions) {
    super([INPUT], (env, [stream]) => piece(stream as DataStream<In>, env), options);
    this.#piece = piece;
    this.#options = options;
  }

  push(value: In, timestamp?: Timestamp): void {
    this.#input.push(value, timestamp);
  }

  watermark(time: Timestamp): void {
    this.#input.watermark(time);
  }

  idle(): void {
    this.#input.idle();
  }

  end(): void {
    this.#input.end();
  }

  /** One split of the input: 0 to `splits` − 1. */
  split(index: number): InputLane<In> {
    return this.#input.split(index);
  }

  /** A new run of the same piece that begins with the savepoint. For a changed piece: `testOperator(piece, { from })`. */
  restore(from: Savepoint, options: OperatorTestOptions = {}): OperatorTest<In, Out> {
    return new OperatorTest(this.#piece, { ...again(this.#options), ...options, from });
  }

  get #input(): TestInput<In> {
    return this.input(INPUT);
  }
}

export class OperatorTest2<First, Second, Out> extends OutputTest<Out> {
  readonly #piece: Piece2<First, Second, Out>;
  readonly #options: OperatorTestOptions;
  readonly first: TestInput<First>;
  readonly second: TestInput<Second>;

  /** Made by `testOperator2`. */
  constructor(piece: Piece2<First, Second, Out>, options: OperatorTestOptions) {
    super(
      [FIRST, SECOND],
      (env, [first, second]) => piece(first as DataStream<First>, second as DataStream<Second>, env),
      options,
    );
    this.#piece = piece;
    this.#options = options;
    this.first = this.input(FIRST);
    this.second = this.input(SECOND);
  }

  /** Of both inputs. */
  watermark(time: Timestamp): void {
    this.together(() => {
      this.first.watermark(time);
      this.second.watermark(time);
    });
  }

  /** Both inputs. */
  end(): void {
    this.together(() => {
      this.first.end();
      this.second.end();
    });
  }

  /** A new run of the same piece that begins with the savepoint. For a changed piece: `testOperator2(piece, { from })`. */
  restore(from: Savepoint, options: OperatorTestOptions = {}): OperatorTest2<First, Second, Out> {
    return new OperatorTest2(this.#piece, { ...again(this.#options), ...options, from });
  }
}

const INPUT = 'input';
const FIRST = 'first';
const SECOND = 'second';
/** Uids of the author are not written in brackets. */
const OUTPUT = '(output)';

function sideUid(tag: OutputTag<unknown>): string {
  return `(side output ${tag.name})`;
}

function nameOfSide(uid: string): string {
  return uid.slice('(side output '.length, -1);
}

/** What a restored run takes from its savepoint instead. */
function again({ splits: _splits, now: _now, ...rest }: OperatorTestOptions): OperatorTestOptions {
  return rest;
}

/** A task of its own with one subtask: the watermarks of all subtasks before it meet there. */
function record<T>(stream: DataStream<T>, uid: string, recordings: ReadonlyMap<string, Recording>): void {
  const recording = present(recordings.get(uid), `the recording of ${uid}`);
  stream.sinkTo(recordingSink(recording), { uid, parallelism: 1, disableChaining: true });
}

function logsOf(name: string, { from, splits, parallelism = 1 }: OperatorTestOptions): readonly HandLog[] {
  if (from === undefined) return newLogs(splits ?? parallelism).map((log) => new HandLog(log));
  const saved = from.world.logs.get(name);
  if (saved === undefined)
    throw new TestKitError(
      'The savepoint is one of another kind of test: it knows other inputs than this one has.',
    );
  if (splits !== undefined && splits !== saved.length)
    throw new TestKitError(
      `The input has the ${saved.length} splits that its savepoint knows, not ${splits}.`,
    );
  return saved.map((log) => new HandLog(log));
}
