/** Dialogs of the dashboard: modal, with the first field focused, closed by Escape; nothing happens before the last button. */
import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { ref } from 'lit/directives/ref.js';
import type { Dialog } from '../model/dashboardState.ts';
import type { Context } from './context.ts';
import { button, iconButton, textArea, textField } from './controls.ts';
import { restoreDialog } from './restoreDialog.ts';

/** What is being typed; it matters to nobody else and is gone with the dialog. */
const typed = { label: '', notes: '' };
let openedFor: Dialog | null = null;

export function dialogs(context: Context): TemplateResult | typeof nothing {
  const { dialog, savepoints } = context.state;
  if (dialog === null) {
    openedFor = null;
    return nothing;
  }
  if (openedFor?.kind !== dialog.kind) {
    typed.label = dialog.kind === 'label' ? (dialog.savepoint.label ?? '') : '';
    typed.notes = dialog.kind === 'label' ? (dialog.savepoint.notes ?? '') : '';
  }
  openedFor = dialog;
  const { controller } = context;
  const close = () => controller.dialog(null);
  switch (dialog.kind) {
    case 'take-savepoint':
      return frame(
        'Take savepoint',
        close,
        html`
        <p class="muted">The job goes on meanwhile. The savepoint is yours: Sluice never deletes it.</p>
        ${textField('Label', typed.label, (text) => (typed.label = text), { placeholder: savepoints.length === 0 ? 'Before the next change' : 'What is special about this moment', autofocus: true, maxLength: 200 })}
        ${textArea('Notes', typed.notes, (text) => (typed.notes = text))}`,
        html`${button({ label: 'Cancel', onPress: close })}${button({ label: 'Take savepoint', icon: 'bookmark', look: 'primary', onPress: () => void controller.takeSavepoint(typed.label.trim(), typed.notes.trim()) })}`,
        () => void controller.takeSavepoint(typed.label.trim(), typed.notes.trim()),
      );
    case 'stop':
      return frame(
        dialog.drain ? 'Drain and stop with savepoint' : 'Stop with savepoint',
        close,
        html`
        <p>${dialog.drain ? 'The sources stop, every window fires as if no more data came, then a savepoint is taken and the job ends. Going on from it repeats no window.' : 'A savepoint is taken, what belongs to it is committed, and the job ends. It goes on from there at any time.'}</p>
        ${textField('Label', typed.label, (text) => (typed.label = text), { placeholder: 'Why it was stopped', autofocus: true, maxLength: 200 })}`,
        html`${button({ label: 'Cancel', onPress: close })}${button({ label: dialog.drain ? 'Drain and stop' : 'Stop with savepoint', icon: 'stop', look: 'primary', onPress: () => void controller.stop(dialog.drain, typed.label.trim()) })}`,
        () => void controller.stop(dialog.drain, typed.label.trim()),
      );
    case 'cancel':
      return frame(
        'Cancel without savepoint',
        close,
        html`<p>The job ends at once. What came after the last completed checkpoint is not committed; the retained checkpoints stay.</p>`,
        html`${button({ label: 'Keep running', onPress: close, autofocus: true })}${button({ label: 'Cancel the job', look: 'primary', onPress: () => void controller.cancelJob() })}`,
      );
    case 'label':
      return frame(
        'Label',
        close,
        html`${textField('Label', typed.label, (text) => (typed.label = text), { autofocus: true, maxLength: 200 })}${textArea('Notes', typed.notes, (text) => (typed.notes = text))}`,
        html`${button({ label: 'Cancel', onPress: close })}${button({ label: 'Save', look: 'primary', onPress: () => void controller.label(dialog.savepoint, typed.label.trim(), typed.notes.trim()) })}`,
        () => void controller.label(dialog.savepoint, typed.label.trim(), typed.notes.trim()),
      );
    case 'delete':
      return frame(
        'Delete savepoint',
        close,
        html`<p>“${dialog.savepoint.label ?? dialog.savepoint.id}” is removed from the disk: ${dialog.savepoint.path}. This cannot be undone.</p>`,
        html`${button({ label: 'Keep it', onPress: close, autofocus: true })}${button({ label: 'Delete', icon: 'trash', look: 'primary', onPress: () => void controller.deleteSavepoint(dialog.savepoint) })}`,
      );
    case 'restore':
      return restoreDialog(context, dialog, close);
  }
}

export function frame(
  title: string,
  close: () => void,
  body: TemplateResult,
  foot: TemplateResult,
  submit?: () => void,
  wide = false,
  head: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`${keyed(
    title,
    html`<dialog class=${wide ? 'wide' : ''} aria-labelledby="dialog-title" ${ref(open)} @close=${close} @cancel=${(
      event: Event,
    ) => {
      event.preventDefault();
      close();
    }} @keydown=${(event: KeyboardEvent) => {
      if (
        event.key === 'Enter' &&
        submit !== undefined &&
        (event.target as HTMLElement).localName === 'vscode-text-field'
      )
        submit();
    }}>
    <div class="dialog-head"><div class="row"><h2 id="dialog-title">${title}</h2>${iconButton({ label: 'Close', icon: 'close', onPress: close })}</div>${head}</div>
    ${wide ? body : html`<div class="dialog-body">${body}</div>`}
    <div class="dialog-foot">${foot}</div>
  </dialog>`,
  )}`;
}

function open(element: Element | undefined): void {
  const dialog = element as HTMLDialogElement | undefined;
  if (dialog === undefined || dialog.open) return;
  // It has to be in the document before it can be modal; lit calls back a little earlier.
  queueMicrotask(() => {
    if (!dialog.isConnected || dialog.open) return;
    dialog.showModal();
    const first = dialog.querySelector<HTMLElement>('[data-autofocus]');
    requestAnimationFrame(() => first?.focus());
  });
}
