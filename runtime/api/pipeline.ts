/**
 * A pipeline file's default export. The function is called by `define`, once in the planner and once in every thread
 * that runs tasks; it must write the same plan each time.
 */
import type { JobDefinition } from '../graph/jobDefinition.ts';
import type { CheckpointSettings, RestartStrategy, StateSettings } from '../graph/jobGraph.ts';
import { Environment } from './environment.ts';
import { jobDefinitionOf } from './jobDefinitionOf.ts';
import { PipelineError } from './pipelineError.ts';

/** What is decided when a job is started, and goes before what the pipeline says. */
export interface DefineOptions {
  readonly parallelism?: number | null;
  readonly checkpoints?: Partial<CheckpointSettings>;
  readonly state?: Partial<StateSettings>;
  readonly restart?: RestartStrategy;
  /** Null: never. */
  readonly stuckAfterMs?: number | null;
}

export interface Pipeline {
  /** Tells a pipeline from any other default export, also across two copies of this module. */
  readonly kind: 'sluice-pipeline';
  readonly name: string;
  /** Throws PipelineError when the plan cannot be run, and whatever the author's function throws. */
  define(options?: DefineOptions): JobDefinition;
}

export function pipeline(name: string, write: (env: Environment) => void): Pipeline {
  return {
    kind: 'sluice-pipeline',
    name,
    define(options = {}) {
      checkName(name);
      const env = new Environment();
      const answer: unknown = write(env);
      if (answer instanceof Promise) {
        throw new PipelineError(
          null,
          `The function of pipeline "${name}" must not be async: a plan is written in one go, and its sources read while it runs.`,
        );
      }
      return jobDefinitionOf(name, env, options);
    },
  };
}

/** The name is part of a path below `.sluice/jobs`. */
function checkName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,99}$/u.test(name) && !/[. ]$/.test(name)) return;
  throw new PipelineError(
    null,
    `${JSON.stringify(name)} is no name for a pipeline: use up to 100 letters, digits, spaces, dots, dashes and underscores, with a letter or digit first and no dot or space last.`,
  );
}
