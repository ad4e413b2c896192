/**
 * A whole pipeline in memory, as its file exports it: its sources are filled by hand or left as they are, its sinks are
 * read instead of written. Everything between them is the author's and runs as it would for real.
 */
import type { Pipeline } from '../api/pipeline.ts';
import { present } from '../base/assert.ts';
import type { JobDefinition, OperatorFactory } from '../graph/jobDefinition.ts';
import type { GraphOperator } from '../graph/jobGraph.ts';
import type { Timestamp } from '../operators/operator.ts';
import type { WatermarkStrategy } from '../operators/source.ts';
import { HandDrivenSource, HandLog, type Telling } from './handDrivenSource.ts';
import { MemoryJob } from './memoryJob.ts';
import { RecordedSink, Recording, recordingSink } from './recordingSink.ts';
import { type Savepoint, worldOf } from './savepoint.ts';
import { noSuch, TestKitError } from './testError.ts';
import { newLogs, TestInput } from './testInput.ts';
import { TestRun } from './testRun.ts';

/** Stands for a source that a test fills by hand. */
export interface TestSource<T> {
  readonly splits: number;
  readonly watermarks: 'of the pipeline' | 'by hand';
  /** Only for the types. */
  readonly record?: T;
}

export interface TestSourceOptions {
  /** Files, partitions, lanes: each is read in order and has a watermark of its own. Default 1. */
  readonly splits?: number;
  /** By hand: with `watermark`, instead of the strategy that the pipeline has for the source. */
  readonly watermarks?: 'of the pipeline' | 'by hand';
}

/** Replaces a source of a pipeline. */
export function testSource<T>(options: TestSourceOptions = {}): TestSource<T> {
  return { splits: options.splits ?? 1, watermarks: options.watermarks ?? 'of the pipeline' };
}

export type TestSources = Readonly<Record<string, TestSource<unknown>>>;

export interface PipelineTestOptions<Sources extends TestSources = TestSources> {
  /** As `--parallelism`: of every operator that has none of its own. Default: what the pipeline says. */
  readonly parallelism?: number;
  /** By uid. Sources that are not named are left as they are. */
  readonly sources?: Sources;
  /** Uids of sinks that are left as they are: they write into `files`, or wherever their code leads. */
  readonly keepSinks?: readonly string[];
  /** What sources find: path and text. */
  readonly files?: Readonly<Record<string, string>>;
  /** The machine's clock at the beginning, milliseconds since the epoch. Default 0; restored: as it was. */
  readonly now?: number;
  /** Begins with what a savepoint of this or another version of the pipeline holds. */
  readonly from?: Savepoint;
  /** What the savepoint holds beyond what the operators take is left behind instead of refused. */
  readonly allowNonRestoredState?: boolean;
}

/** A source that is filled by hand, or one of its splits. */
export interface SourceInput<T> {
  /** `timestamp`: where the pipeline's strategy does not find it in the record. */
  push(value: T, timestamp?: Timestamp): void;
  /** Event time has come so far. Only where the test says the watermarks: `testSource({ watermarks: 'by hand' })`. */
  watermark(time: Timestamp): void;
  /** Nothing more comes. */
  end(): void;
}

export interface SplitSourceInput<T> extends SourceInput<T> {
  /** One split: 0 to `splits` − 1. */
  split(index: number): SourceInput<T>;
}

type RecordOf<Source> = Source extends TestSource<infer T> ? T : never;

/** Starts the pipeline. Its tasks are open when this returns; what its own sources give is read by `run`. */
export function testPipeline<const Sources extends TestSources = Record<never, never>>(
  pipeline: Pipeline,
  options: PipelineTestOptions<Sources> = {},
): PipelineTest<Sources> {
  return new PipelineTest(pipeline, options);
}

export class PipelineTest<Sources extends TestSources> extends TestRun {
  readonly #pipeline: Pipeline;
  readonly #options: PipelineTestOptions<Sources>;
  readonly #inputs: ReadonlyMap<string, TestInput<unknown>>;
  readonly #recordings: ReadonlyMap<string, Recording>;

  /** Made by `testPipeline`. */
  constructor(pipeline: Pipeline, options: PipelineTestOptions<Sources>) {
    const evaluate = () => pipeline.define({ parallelism: options.parallelism ?? null });
    const { operators } = evaluate().graph;
    const logs = logsOf(operators, options);
    const recordings = recordingsOf(operators, options);
    const sources = new Map<string, HandDrivenSource>();
    super(
      new MemoryJob({
        define: () => {
          for (const [uid, own] of logs) sources.set(uid, new HandDrivenSource(own, tellRecords));
          return replaced(evaluate(), options.sources ?? {}, sources, recordings);
        },
        restore: options.from ?? null,
        allowNonRestoredState: options.allowNonRestoredState ?? false,
        now: options.now ?? options.from?.world.now ?? 0,
        files: options.files ?? {},
        world: () => worldOf(logs, recordings),
      }),
    );
    this.#pipeline = pipeline;
    this.#options = options;
    this.#recordings = recordings;
    this.#inputs = new Map(
      [...logs].map(([uid, own]) => {
        const source = () => present(sources.get(uid), `the source ${uid}`);
        const isByHand = options.sources?.[uid]?.watermarks === 'by hand';
        const driver = { source, moved: () => this.moved(), saysWatermarks: isByHand };
        return [uid, new TestInput(`source "${uid}"`, own, driver)];
      }),
    );
  }

  /** A source that `sources` names. */
  source<Uid extends keyof Sources & string>(uid: Uid): SplitSourceInput<RecordOf<Sources[Uid]>> {
    const input = this.#inputs.get(uid);
    if (input === undefined)
      throw noSuch('source', uid, 'among the `sources` of this test', [...this.#inputs.keys()]);
    return input;
  }

  /** What a sink was given. */
  sink<T>(uid: string): RecordedSink<T> {
    const recording = this.#recordings.get(uid);
    if (recording !== undefined) return new RecordedSink<T>(recording);
    if (this.#options.keepSinks?.includes(uid) === true) {
      throw new TestKitError(
        `Sink "${uid}" is left as it is, by keepSinks: look at the files that it writes.`,
      );
    }
    throw noSuch('sink', uid, 'in the pipeline', [...this.#recordings.keys()]);
  }

  /** The text of a file that a sink which was left as it is has written. */
  file(path: string): string {
    if (!this.job.files.exists(path)) throw noSuch('file', path, 'in this test', this.job.files.paths);
    return this.job.files.text(path);
  }

  /** Paths of all files, sorted. */
  get files(): readonly string[] {
    return this.job.files.paths;
  }

  /** A new run that begins with the savepoint. For a changed pipeline: `testPipeline(pipeline, { from })`. */
  restore(from: Savepoint, options: PipelineTestOptions<Sources> = {}): PipelineTest<Sources> {
    const { now: _now, files: _files, ...rest } = this.#options;
    return new PipelineTest(this.#pipeline, { ...rest, ...options, from });
  }
}

/** Records are all there is to tell. Behind a watermark the poll ends, so that the engine asks for it. */
const tellRecords: Telling = (event, _split, emit) =>
  event.kind === 'record' ? emit(event.value, event.timestamp) : event.kind !== 'watermark';

function logsOf(
  operators: readonly GraphOperator[],
  { sources = {}, from }: Pick<PipelineTestOptions, 'sources' | 'from'>,
): ReadonlyMap<string, readonly HandLog[]> {
  const known = operators.filter(({ role }) => role === 'source').map(({ uid }) => uid);
  return new Map(
    Object.entries(sources).map(([uid, { splits }]) => {
      if (!known.includes(uid)) throw noSuch('source', uid, 'in the pipeline', known);
      // A source that was not replaced when the savepoint was taken has no log in it: it begins anew.
      const saved = from?.world.logs.get(uid) ?? newLogs(splits);
      return [uid, saved.map((log) => new HandLog(log))];
    }),
  );
}

function recordingsOf(
  operators: readonly GraphOperator[],
  { keepSinks = [], from }: Pick<PipelineTestOptions, 'keepSinks' | 'from'>,
): ReadonlyMap<string, Recording> {
  const known = operators.filter(({ role }) => role === 'sink').map(({ uid }) => uid);
  const stray = keepSinks.find((uid) => !known.includes(uid));
  if (stray !== undefined) throw noSuch('sink', stray, 'in the pipeline', known);
  const recorded = known.filter((uid) => !keepSinks.includes(uid));
  return new Map(recorded.map((uid) => [uid, new Recording(from?.world.committed.get(uid))]));
}

function replaced(
  { graph, factories, edges }: JobDefinition,
  declared: TestSources,
  sources: ReadonlyMap<string, HandDrivenSource>,
  recordings: ReadonlyMap<string, Recording>,
): JobDefinition {
  const factoryOf = (uid: string, factory: OperatorFactory): OperatorFactory => {
    const source = sources.get(uid);
    if (source !== undefined && factory.role === 'source') {
      const isByHand = declared[uid]?.watermarks === 'by hand';
      return { ...factory, source, watermarks: isByHand ? byHand(factory, source) : factory.watermarks };
    }
    const recording = recordings.get(uid);
    return recording === undefined ? factory : { role: 'sink', sink: recordingSink(recording) };
  };
  const graphed = (operator: GraphOperator): GraphOperator => {
    if (sources.has(operator.uid)) return { ...operator, bounded: true, requiredFiles: [] };
    return recordings.has(operator.uid)
      ? { ...operator, sinkDirectory: null, guarantee: 'exactly-once' }
      : operator;
  };
  return {
    graph: { ...graph, operators: graph.operators.map(graphed) },
    factories: new Map([...factories].map(([uid, factory]) => [uid, factoryOf(uid, factory)])),
    edges,
  };
}

/** Timestamps are still found as the pipeline says. */
function byHand(
  { watermarks }: Extract<OperatorFactory, { role: 'source' }>,
  source: HandDrivenSource,
): WatermarkStrategy<unknown> {
  const { timestamp = null, idleAfterMs = null } = watermarks ?? {};
  return { timestamp, idleAfterMs, outOfOrdernessMs: 0, createGenerator: () => source.createGenerator() };
}
