/**
 * A row of a tree as plain data. What a row says is decided without the editor, and so tested without it; `rowTree.ts`
 * shows it.
 */
import type { SourceLocation } from '../../runtime/protocol/values.ts';

export interface Row {
  /** Stable while the thing exists, so that a refresh keeps selection and expansion. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Markdown. */
  readonly tooltip: string;
  /** A codicon and, when it carries a meaning, a theme colour. */
  readonly icon: string;
  readonly color: string | null;
  /** What the menus of the manifest look for (`viewItem =~ /…/`). */
  readonly context: string;
  readonly subject: Subject;
  readonly children: readonly Row[];
  /** Whether it can be opened, and how it is at first; it can be, too, while it has no children yet. */
  readonly branch: 'expanded' | 'collapsed' | null;
}

/** What a command does something with. */
export type Subject =
  | { readonly kind: 'job'; readonly file: string }
  | { readonly kind: 'vertex'; readonly file: string; readonly location: SourceLocation | null }
  | {
      readonly kind: 'checkpoint';
      readonly file: string;
      readonly checkpoint: number;
      readonly snapshot: SnapshotRef | null;
    }
  | { readonly kind: 'savepoint'; readonly snapshot: SnapshotRef }
  | { readonly kind: 'damaged'; readonly path: string };

/** A savepoint or retained checkpoint, and the workspace folder in whose data it lies. */
export interface SnapshotRef {
  readonly folder: string;
  readonly id: string;
  readonly job: string;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly name: string;
  readonly path: string;
}

/** Text from outside, inside markdown. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&').replace(/\n/g, ' ');
}
