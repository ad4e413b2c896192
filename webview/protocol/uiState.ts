/**
 * What the dashboard remembers of its user when it is hidden, moved or reloaded. In VS Code it goes through the
 * webview's `setState` (so a WebviewPanelSerializer gets it back as `state`), in a browser to the session storage.
 * It is read leniently: what an older or newer version wrote and this one does not understand is forgotten.
 */
import * as z from 'zod';
import { count, shortText, snapshotId } from '../../runtime/protocol/values.ts';
import { dashboardView } from './messages.ts';

export const uiState = z.object({
  view: dashboardView,
  /** The checkpoint that is pinned; null follows the newest. */
  pinnedCheckpoint: count.nullable(),
  checkpointsAs: z.enum(['timeline', 'table', 'chart']),
  selectedVertex: shortText.nullable(),
  /** The metrics of the chosen vertex are told apart by subtask. */
  allSubtasks: z.boolean(),
  selectedSavepoint: snapshotId.nullable(),
  /** Chosen as the first one of a comparison. */
  compareFrom: snapshotId.nullable(),
  /** Sections that are folded in the narrow layout. */
  folded: z.array(shortText),
});
export type UiState = z.infer<typeof uiState>;

export const initialUiState: UiState = {
  view: { kind: 'overview' },
  pinnedCheckpoint: null,
  checkpointsAs: 'timeline',
  selectedVertex: null,
  allSubtasks: false,
  selectedSavepoint: null,
  compareFrom: null,
  folded: [],
};

export function readUiState(stored: unknown): UiState {
  const parsed = uiState.partial().safeParse(stored);
  if (!parsed.success) return initialUiState;
  const known = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
  return { ...initialUiState, ...known };
}
