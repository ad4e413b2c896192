/**
 * What the coordinator says about a job, in the order in which it happens. `server` turns facts into protocol messages,
 * the CLI into lines, a simulation into its log. Facts announce; nothing is steered by them.
 */
import type { CheckpointFailureReason } from '../../checkpoint/barrier.ts';
import type { Manifest } from '../../checkpoint/manifest.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { CheckpointSettings } from '../../graph/jobGraph.ts';
import type { SourcePosition } from '../../operators/operator.ts';
import type { OperatorSnapshot, SnapshotReport, SubtaskId, TaskFailure } from '../control/messages.ts';
import type { MetricReading } from '../operatorMetrics.ts';

export type JobStatus =
  | 'created'
  | 'running'
  | 'failing'
  | 'restarting'
  | 'stopping'
  | 'cancelling'
  | 'finished'
  | 'canceled'
  | 'failed'
  | 'suspended';

export interface PendingSummary {
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly trigger: 'periodic' | 'user' | 'stop' | 'final';
  readonly label: string | null;
  readonly triggeredAt: number;
  readonly tasks: readonly SubtaskId[];
}

export type JobFact =
  /** A (new) deployment; channel ids and subtasks of later facts are its own. */
  | {
      readonly type: 'deployed';
      readonly at: number;
      readonly attempt: number;
      readonly graph: ExecutionGraph;
      readonly restoredCheckpointId: number | null;
    }
  | {
      readonly type: 'status';
      readonly at: number;
      readonly status: JobStatus;
      readonly reason: string | null;
      readonly restartAt: number | null;
      readonly restarts: number;
    }
  /** Switched to another mode; the settings as they are now. */
  | { readonly type: 'checkpoint-settings'; readonly at: number; readonly settings: CheckpointSettings }
  | { readonly type: 'failure'; readonly at: number; readonly failure: TaskFailure }
  | { readonly type: 'checkpoint-triggered'; readonly at: number; readonly checkpoint: PendingSummary }
  | {
      readonly type: 'barrier-injected';
      readonly at: number;
      readonly checkpointId: number;
      readonly subtask: SubtaskId;
    }
  | {
      readonly type: 'barrier-arrived';
      readonly at: number;
      readonly checkpointId: number;
      readonly subtask: SubtaskId;
      readonly channel: number;
    }
  | {
      readonly type: 'aligned';
      readonly at: number;
      readonly checkpointId: number;
      readonly subtask: SubtaskId;
      readonly alignmentMs: number;
    }
  | {
      readonly type: 'acknowledged';
      readonly at: number;
      readonly checkpointId: number;
      readonly subtask: SubtaskId;
      readonly operators: readonly OperatorSnapshot[];
      readonly report: SnapshotReport;
    }
  | {
      readonly type: 'checkpoint-completed';
      readonly at: number;
      readonly checkpointId: number;
      readonly path: string;
      readonly manifest: Manifest;
    }
  | {
      readonly type: 'checkpoint-failed';
      readonly at: number;
      readonly checkpointId: number;
      readonly reason: CheckpointFailureReason;
      readonly message: string;
      readonly subtask: SubtaskId | null;
    }
  | { readonly type: 'checkpoints-discarded'; readonly at: number; readonly checkpointIds: readonly number[] }
  | {
      readonly type: 'positions';
      readonly at: number;
      readonly subtask: SubtaskId;
      readonly operator: string;
      readonly positions: readonly SourcePosition[];
    }
  | {
      readonly type: 'metrics';
      readonly at: number;
      readonly subtask: SubtaskId;
      readonly operator: string;
      readonly metrics: readonly MetricReading[];
    }
  | { readonly type: 'ended-subtask'; readonly at: number; readonly subtask: SubtaskId }
  | {
      readonly type: 'log';
      readonly at: number;
      readonly level: 'debug' | 'info' | 'warning' | 'error';
      readonly text: string;
      readonly subtask: SubtaskId | null;
    };
