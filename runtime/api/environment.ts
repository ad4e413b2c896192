/** What the function of a pipeline gets: sources begin here, and settings of the whole job are made here. */
import {
  type CheckpointSettings,
  defaultCheckpointSettings,
  defaultRestartStrategy,
  type RestartStrategy,
  STUCK_AFTER_MS,
} from '../graph/jobGraph.ts';
import type { Source, WatermarkStrategy } from '../operators/source.ts';
import { splitsDeclaration } from '../operators/sourceState.ts';
import { describeState } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import type { Duration } from './duration.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { located } from './pipelineError.ts';
import { Plan } from './plan.ts';
import {
  type CheckpointOptions,
  checkpointSettings,
  type RestartOptions,
  restartStrategy,
} from './settings.ts';

export interface SourceOptions<T> extends OperatorOptions {
  /** Without it the records have the timestamps that the source gives them, and there are no watermarks until its end. */
  readonly watermarks?: WatermarkStrategy<T>;
}

export class Environment {
  /** Of every operator that has none of its own; what is asked for at the start (`--parallelism`) goes before it. */
  parallelism: number | null = null;
  /** The number of key groups, and the highest parallelism that the job can ever have. Fixed by its first snapshot. */
  maxParallelism = 128;
  /**
   * Records that fit into a channel between two tasks before its sender has to wait. Fewer: less is ahead of a barrier
   * where an operator is slow. Null: 4,096.
   */
  channelRecords: number | null = null;
  /**
   * Where keyed state is kept: in memory, or on disk beyond `stateMemoryBytes`, for state that is larger than memory. Keys
   * and timers are always in memory. Checkpoints and savepoints are the same, so it can be changed at any restart.
   */
  stateBackend: 'memory' | 'disk' = 'memory';
  /**
   * With state on disk, about what its values may take of the memory of each task thread. Null: a quarter of its heap.
   */
  stateMemoryBytes: number | null = null;
  /**
   * A function of yours that has not come back after this long hangs: its thread is ended and the job goes on as after
   * any failure. Never while a debugger is attached. 'never': it is waited for.
   */
  stuckAfter: Duration | 'never' = STUCK_AFTER_MS;
  readonly #plan = new Plan();
  #checkpoints: CheckpointSettings = defaultCheckpointSettings;
  #restart: RestartStrategy = defaultRestartStrategy;

  /** A stream begins. */
  fromSource<T>(source: Source<T>, options: SourceOptions<NoInfer<T>> = {}): DataStream<T> {
    const watermarks = (options.watermarks ?? null) as WatermarkStrategy<unknown> | null;
    const legs = this.#plan.add({
      type: 'source',
      role: 'source',
      defaultName: source.name,
      options,
      location: callerLocation(),
      inputs: [],
      keyed: false,
      states: [describeState(splitsDeclaration)],
      factory: { role: 'source', source, watermarks },
    });
    return new DataStream(this.#plan, legs);
  }

  /** How checkpoints are taken; what is left out stays as it is. */
  checkpoints(options: CheckpointOptions): void {
    this.#checkpoints = located(callerLocation(), () => checkpointSettings(options, this.#checkpoints));
  }

  /** What happens after a failure. */
  restart(options: RestartOptions): void {
    this.#restart = located(callerLocation(), () => restartStrategy(options));
  }

  /** For Sluice itself: what was said so far. */
  written(): {
    readonly plan: Plan;
    readonly checkpoints: CheckpointSettings;
    readonly restart: RestartStrategy;
  } {
    return { plan: this.#plan, checkpoints: this.#checkpoints, restart: this.#restart };
  }
}
