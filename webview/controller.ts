/**
 * What happens when a user does something or the engine answers: the only place where the dashboard is asynchronous.
 * It owns the state, asks the engine, folds the answers, and tells whoever draws.
 */
import type { NotificationMethod, NotificationParams } from '../runtime/protocol/messages.ts';
import {
  type EntryDifference,
  preflight as preflightSchema,
  type SavepointSummary,
} from '../runtime/protocol/savepoints.ts';
import type { SourceLocation } from '../runtime/protocol/values.ts';
import { errorCodes, PROTOCOL_VERSION } from '../runtime/protocol/version.ts';
import {
  type Change,
  type CompareState,
  type DashboardState,
  type Dialog,
  initialState,
  notified,
  type PendingAction,
  subscribed,
} from './model/dashboardState.ts';
import { fileName } from './model/format.ts';
import type { ConnectionState, DashboardView } from './protocol/messages.ts';
import { readUiState, type UiState } from './protocol/uiState.ts';
import type { RpcClient } from './transport/rpc.ts';
import type { TextDiff } from './transport/transport.ts';

/** What the controller needs of the world around it. */
export interface Surroundings {
  readonly now: () => number;
  readonly reconnect: () => void;
  readonly openSource: (location: SourceLocation) => void;
  readonly openTextDiff: ((diff: TextDiff) => void) | null;
  readonly run: (() => void) | null;
  readonly showLog: (() => void) | null;
  readonly copy: (text: string) => void;
  readonly canOpenSource: boolean;
  readonly loadUi: () => unknown;
  readonly saveUi: (state: UiState) => void;
  /** After every change. */
  readonly changed: () => void;
}

const entriesPage = 100;
const diffEntriesMax = 5_000;
const noticesMax = 4;

export class DashboardController {
  state: DashboardState;
  readonly around: Surroundings;
  private rpc: RpcClient | null = null;
  private nextId = 1;
  /** Ends the comparison that goes on. */
  private comparing = new AbortController();

  constructor(around: Surroundings) {
    this.around = around;
    this.state = { ...initialState, ui: readUiState(around.loadUi()) };
  }

  // ——— the connection ———

  connection(connection: ConnectionState): void {
    if (connection.kind !== 'live') {
      this.rpc = null;
      this.set({ connection, pending: [] });
      return;
    }
    this.set({ connection: this.state.job === null ? { kind: 'connecting' } : this.state.connection });
  }

  /** A fresh connection: who is there, and everything it knows. */
  async begin(rpc: RpcClient, generation: number): Promise<void> {
    this.rpc = rpc;
    try {
      const welcome = await rpc.request('initialize', {
        protocolVersion: PROTOCOL_VERSION,
        client: { name: 'dashboard', version: '0.1.0' },
      });
      const engine = {
        ...welcome.engine,
        capabilities: new Set(welcome.capabilities),
        hasJob: welcome.hasJob,
      };
      if (welcome.hasJob) await this.subscribe(rpc);
      else {
        const { savepoints, damaged } = await rpc.request('savepoint/list', {});
        this.set({ job: null, savepoints, damaged });
      }
      if (this.rpc !== rpc) return;
      this.set({
        engine,
        connection: welcome.hasJob
          ? { kind: 'live', generation }
          : {
              kind: 'no-job',
              reason: 'No job runs here. Savepoints can be looked at and compared.',
              canRun: this.around.run !== null,
            },
      });
      await this.openView(this.state.ui.view);
    } catch (error) {
      if (this.rpc === rpc) this.notice('error', `The engine refused the dashboard: ${messageOf(error)}`);
    }
  }

  private async subscribe(rpc: RpcClient): Promise<void> {
    const snapshot = await rpc.request('job/subscribe', {});
    if (this.rpc !== rpc) return;
    this.update(subscribed(this.state, snapshot, this.around.now()));
    void this.learnNewestSavepoint();
  }

  notified<M extends NotificationMethod>(method: M, params: NotificationParams<M>): void {
    this.update(notified(this.state, method, params, this.around.now()));
    if (method === 'savepoints/changed') void this.learnNewestSavepoint();
    // When the connection is lost meanwhile, the next one subscribes anyway.
    if (this.state.needsResync && this.rpc !== null) void this.subscribe(this.rpc).catch(() => {});
  }

  // ——— what the user does ———

  show(view: DashboardView): void {
    this.ui({ view });
    void this.openView(view);
  }

  ui(change: Partial<UiState>): void {
    this.set({ ui: { ...this.state.ui, ...change } });
    this.around.saveUi(this.state.ui);
  }

  toggleFolded(section: string): void {
    const { folded } = this.state.ui;
    this.ui({
      folded: folded.includes(section) ? folded.filter((name) => name !== section) : [...folded, section],
    });
  }

  search(text: string): void {
    this.set({ search: text });
  }

  dialog(dialog: Dialog | null): void {
    this.set({ dialog });
  }

  dismiss(id: number): void {
    this.set({ notices: this.state.notices.filter((notice) => notice.id !== id) });
  }

  openSource(location: SourceLocation): void {
    this.around.openSource(location);
    if (!this.around.canOpenSource)
      this.notice('info', `Copied ${location.file}:${location.line}. In VS Code this opens the line.`);
  }

  async takeSavepoint(label: string, notes: string): Promise<void> {
    this.dialog(null);
    await this.act('take-savepoint', 'Taking a savepoint', async (rpc) => {
      const { savepoint } = await rpc.request('savepoint/take', {
        ...(label === '' ? {} : { label }),
        ...(notes === '' ? {} : { notes }),
      });
      this.ui({ selectedSavepoint: savepoint.id });
    });
  }

  async stop(drain: boolean, label: string): Promise<void> {
    this.dialog(null);
    await this.act('stop', 'Stopping with a savepoint', async (rpc) => {
      await rpc.request('job/stop', { drain, ...(label === '' ? {} : { label }) });
    });
  }

  async cancelJob(): Promise<void> {
    this.dialog(null);
    await this.act('cancel', 'Cancelling the job', async (rpc) => void (await rpc.request('job/cancel', {})));
  }

  async triggerCheckpoint(): Promise<void> {
    await this.act(
      'checkpoint',
      'Triggering a checkpoint',
      async (rpc) => void (await rpc.request('checkpoint/trigger', {})),
    );
  }

  async abortCheckpoint(id: number): Promise<void> {
    await this.act(
      'abort',
      `Aborting checkpoint ${id}`,
      async (rpc) => void (await rpc.request('checkpoint/abort', { id })),
    );
  }

  /** Until the run ends. */
  async switchMode(unaligned: boolean): Promise<void> {
    await this.act(
      'configure',
      unaligned ? 'Switching to unaligned checkpoints' : 'Switching to aligned checkpoints',
      async (rpc) =>
        void (await rpc.request('checkpoint/configure', {
          mode: 'exactly-once',
          unaligned,
          alignedTimeoutMs: 0,
        })),
    );
  }

  async label(savepoint: SavepointSummary, label: string, notes: string): Promise<void> {
    this.dialog(null);
    await this.act('label', 'Writing the label', async (rpc) => {
      await rpc.request('savepoint/label', {
        savepoint: savepoint.id,
        label: label === '' ? null : label,
        notes: notes === '' ? null : notes,
      });
      await this.refreshWithoutJob(rpc);
    });
  }

  async deleteSavepoint(savepoint: SavepointSummary): Promise<void> {
    this.dialog(null);
    await this.act('delete', 'Deleting the savepoint', async (rpc) => {
      await rpc.request('savepoint/delete', { savepoint: savepoint.id });
      await this.refreshWithoutJob(rpc);
    });
  }

  // ——— restore ———

  async openRestore(savepoint: string, parallelism: number | null = null): Promise<void> {
    const dialog: Dialog = {
      kind: 'restore',
      savepoint,
      parallelism,
      preflight: { kind: 'loading' },
      supersede: false,
      allowNonRestoredState: false,
      claim: false,
      refusal: null,
    };
    this.dialog(dialog);
    if (this.rpc === null)
      return this.restoreDialog(savepoint, {
        preflight: { kind: 'failed', message: 'Not connected. Nothing has been touched.' },
      });
    try {
      const value = await this.rpc.request('savepoint/preflight', {
        savepoint,
        ...(parallelism === null ? {} : { parallelism }),
      });
      this.restoreDialog(savepoint, { preflight: { kind: 'loaded', value } });
    } catch (error) {
      this.restoreDialog(savepoint, { preflight: { kind: 'failed', message: messageOf(error) } });
    }
  }

  consent(change: { supersede?: boolean; allowNonRestoredState?: boolean; claim?: boolean }): void {
    if (this.state.dialog?.kind === 'restore') this.dialog({ ...this.state.dialog, ...change });
  }

  async restore(): Promise<void> {
    const { dialog } = this.state;
    if (dialog?.kind !== 'restore' || this.rpc === null) return;
    const { savepoint, parallelism, supersede, allowNonRestoredState, claim } = dialog;
    const pending = this.begun('restore', 'Restoring');
    try {
      await this.rpc.request('savepoint/restore', {
        savepoint,
        supersede,
        allowNonRestoredState,
        claim,
        ...(parallelism === null ? {} : { parallelism }),
      });
      this.dialog(null);
    } catch (error) {
      const fresh = isRefusal(error) ? preflightSchema.safeParse(error.data) : null;
      this.restoreDialog(savepoint, {
        refusal: messageOf(error),
        ...(fresh?.success ? { preflight: { kind: 'loaded', value: fresh.data } as const } : {}),
      });
    } finally {
      this.ended(pending);
    }
  }

  private restoreDialog(savepoint: string, change: Partial<Extract<Dialog, { kind: 'restore' }>>): void {
    const { dialog } = this.state;
    if (dialog?.kind === 'restore' && dialog.savepoint === savepoint) this.dialog({ ...dialog, ...change });
  }

  // ——— compare ———

  selectForCompare(savepoint: string): void {
    const first = this.state.ui.compareFrom;
    if (first === null || first === savepoint) {
      this.ui({ compareFrom: first === null ? savepoint : null });
      return;
    }
    const [a, b] = this.inOrder(first, savepoint);
    this.ui({ compareFrom: null });
    this.show({ kind: 'compare', a, b });
  }

  /** The older one is A. */
  private inOrder(first: string, second: string): readonly [string, string] {
    const at = (id: string) => this.state.savepoints.find((savepoint) => savepoint.id === id)?.createdAt ?? 0;
    return at(first) <= at(second) ? [first, second] : [second, first];
  }

  async selectState(uid: string, state: string): Promise<void> {
    await this.entriesAnew({ selected: { uid, state } });
  }

  async toggleChange(change: Change): Promise<void> {
    const { compare } = this.state;
    if (compare === null) return;
    const changes = compare.changes.includes(change)
      ? compare.changes.filter((one) => one !== change)
      : [...compare.changes, change];
    if (changes.length > 0) await this.entriesAnew({ changes });
  }

  async filterKeys(keyContains: string): Promise<void> {
    await this.entriesAnew({ keyContains });
  }

  async moreEntries(): Promise<void> {
    const { compare } = this.state;
    if (compare === null || compare.next === null || compare.loadingEntries) return;
    await this.loadEntries(compare, compare.next);
  }

  async openTextDiff(): Promise<void> {
    const { compare } = this.state;
    if (compare?.selected == null || this.rpc === null || this.around.openTextDiff === null) return;
    const { uid, state } = compare.selected;
    const left: string[] = [];
    const right: string[] = [];
    let cursor: number | null = 0;
    while (cursor !== null && left.length + right.length < diffEntriesMax) {
      const page: {
        entries: readonly {
          key: string;
          subKey: string | null;
          before: string | null;
          after: string | null;
        }[];
        next: number | null;
      } = await this.rpc.request('savepoint/compareEntries', {
        a: compare.a,
        b: compare.b,
        uid,
        state,
        changes: ['added', 'removed', 'changed'],
        cursor,
        limit: 500,
      });
      for (const { key, subKey, before, after } of page.entries) {
        const name = subKey === null ? key : `${key} ${subKey}`;
        if (before !== null) left.push(`${name}: ${before}`);
        if (after !== null) right.push(`${name}: ${after}`);
      }
      cursor = page.next;
    }
    const nameOf = (id: string) =>
      this.state.savepoints.find((savepoint) => savepoint.id === id)?.label ?? fileName(id);
    this.around.openTextDiff({
      title: `${uid} · ${state}: ${nameOf(compare.a)} ↔ ${nameOf(compare.b)}`,
      language: 'json',
      left: { label: nameOf(compare.a), text: `${left.join('\n')}\n` },
      right: { label: nameOf(compare.b), text: `${right.join('\n')}\n` },
    });
  }

  private async openView(view: DashboardView): Promise<void> {
    switch (view.kind) {
      case 'compare':
        return this.openCompare(view.a, view.b);
      case 'restore':
        this.ui({ view: { kind: 'overview' } });
        return this.openRestore(view.savepoint);
      case 'savepoint':
        return this.learnSavepoint(view.savepoint);
      case 'overview':
      case 'checkpoint':
      case 'stall':
      case 'events':
        return;
    }
  }

  private async openCompare(a: string, b: string): Promise<void> {
    this.comparing.abort();
    const comparing = new AbortController();
    this.comparing = comparing;
    const progressToken = `compare-${this.nextId++}`;
    const blank: CompareState = {
      a,
      b,
      comparison: { kind: 'loading' },
      progressToken,
      progress: null,
      selected: null,
      changes: ['changed', 'added', 'removed'],
      keyContains: '',
      entries: [],
      next: null,
      loadingEntries: false,
      whole: new Map(),
    };
    this.set({ compare: blank });
    if (this.rpc === null) return;
    try {
      const asked = { a, b, progress: progressToken };
      const value = await this.rpc.request('savepoint/compare', asked, comparing.signal);
      if (this.comparing !== comparing) return;
      // What has been compared, also where "latest" was asked for: its pages are of the same two.
      const known = { ...blank, a: value.a.id, b: value.b.id };
      this.set({ compare: { ...known, comparison: { kind: 'loaded', value } } });
      const most = value.states.toSorted(
        (x, y) => y.changed + y.added + y.removed - (x.changed + x.added + x.removed),
      );
      const shown =
        most.find(
          ({ type, changed }) =>
            changed > 0 && (type === 'aggregating' || type === 'value' || type === 'reducing'),
        ) ?? most[0];
      if (shown !== undefined) await this.selectState(shown.uid, shown.state);
    } catch (error) {
      if (this.comparing !== comparing) return;
      const message = comparing.signal.aborted ? 'The comparison was stopped.' : messageOf(error);
      this.set({ compare: { ...blank, comparison: { kind: 'failed', message } } });
    }
  }

  cancelCompare(): void {
    this.comparing.abort();
  }

  compareAgain(): void {
    const { compare } = this.state;
    if (compare !== null) void this.openCompare(compare.a, compare.b);
  }

  /** All text of an entry that came shortened, piece by piece. */
  async showWhole({ at, before, after }: EntryDifference): Promise<void> {
    const { compare } = this.state;
    if (compare?.selected == null || this.rpc === null) return;
    const { a, b, selected } = compare;
    const rpc = this.rpc;
    const all = async (part: 'before' | 'after', shown: string | null): Promise<string | null> => {
      if (shown === null) return null;
      let text = '';
      for (let offset: number | null = 0; offset !== null; ) {
        const asked = { a, b, ...selected, at, part, offset };
        const piece: { text: string; next: number | null } = await rpc.request(
          'savepoint/compareValue',
          asked,
        );
        text += piece.text;
        offset = piece.next;
      }
      return text;
    };
    try {
      const whole = { before: await all('before', before), after: await all('after', after) };
      const now = this.state.compare;
      if (now !== null && now.selected === selected)
        this.set({ compare: { ...now, whole: new Map([...now.whole, [at, whole]]) } });
    } catch (error) {
      this.notice('error', messageOf(error));
    }
  }

  private async entriesAnew(change: Partial<CompareState>): Promise<void> {
    const { compare } = this.state;
    if (compare === null) return;
    const next: CompareState = { ...compare, ...change, entries: [], next: null, whole: new Map() };
    this.set({ compare: next });
    await this.loadEntries(next, 0);
  }

  private async loadEntries(compare: CompareState, cursor: number): Promise<void> {
    if (compare.selected === null || this.rpc === null) return;
    const { a, b, selected, changes, keyContains } = compare;
    this.set({ compare: { ...compare, loadingEntries: true } });
    const asked = this.state.compare;
    try {
      const page = await this.rpc.request('savepoint/compareEntries', {
        a,
        b,
        ...selected,
        changes: [...changes],
        cursor,
        limit: entriesPage,
        ...(keyContains === '' ? {} : { keyContains }),
      });
      if (this.state.compare === asked)
        this.set({
          compare: {
            ...compare,
            entries: [...compare.entries, ...page.entries],
            next: page.next,
            loadingEntries: false,
          },
        });
    } catch (error) {
      if (this.state.compare === asked) this.set({ compare: { ...compare, loadingEntries: false } });
      this.notice('error', messageOf(error));
    }
  }

  // ——— helpers ———

  private async learnNewestSavepoint(): Promise<void> {
    const newest = this.state.savepoints[0];
    if (newest !== undefined) await this.learnSavepoint(newest.id);
  }

  private async learnSavepoint(id: string): Promise<void> {
    if (this.rpc === null || this.state.savepointDetails.has(id)) return;
    try {
      const details = await this.rpc.request('savepoint/show', { savepoint: id });
      this.set({ savepointDetails: new Map(this.state.savepointDetails).set(id, details) });
    } catch {
      // The list still shows it; only what the details would add stays unknown.
    }
  }

  private async refreshWithoutJob(rpc: RpcClient): Promise<void> {
    if (this.state.job !== null) return;
    const { savepoints, damaged } = await rpc.request('savepoint/list', {});
    this.set({ savepoints, damaged });
  }

  private async act(
    kind: PendingAction['kind'],
    text: string,
    run: (rpc: RpcClient) => Promise<void>,
  ): Promise<void> {
    if (this.rpc === null) return;
    const pending = this.begun(kind, text);
    try {
      await run(this.rpc);
    } catch (error) {
      this.notice('error', `${text} failed: ${messageOf(error)}`);
    } finally {
      this.ended(pending);
    }
  }

  private begun(kind: PendingAction['kind'], text: string): PendingAction {
    const pending: PendingAction = { id: this.nextId++, kind, text };
    this.set({ pending: [...this.state.pending, pending] });
    return pending;
  }

  private ended(pending: PendingAction): void {
    this.set({ pending: this.state.pending.filter(({ id }) => id !== pending.id) });
  }

  notice(level: 'info' | 'error', text: string): void {
    this.set({ notices: [...this.state.notices, { id: this.nextId++, level, text }].slice(-noticesMax) });
  }

  private set(change: Partial<DashboardState>): void {
    this.update({ ...this.state, ...change });
  }

  private update(state: DashboardState): void {
    this.state = state;
    this.around.changed();
  }
}

function isRefusal(error: unknown): error is Error & { readonly code: number; readonly data: unknown } {
  return error instanceof Error && 'code' in error && error.code === errorCodes.notCompatible;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
