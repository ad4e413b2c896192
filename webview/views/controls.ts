/**
 * Every control of the dashboard. @vscode/webview-ui-toolkit stands behind this one file: it is no longer maintained,
 * and whoever replaces it changes nothing else. A disabled control says why, beside it or in its tooltip.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextArea,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { type IconName, icon } from './icons.ts';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeTextArea(),
  vsCodeTextField(),
);

export interface Button {
  readonly label: string;
  readonly icon?: IconName;
  readonly look?: 'primary' | 'secondary';
  readonly size?: 'normal' | 'small';
  /** Why it cannot be pressed; null when it can. */
  readonly off?: string | null;
  readonly title?: string;
  readonly autofocus?: boolean;
  readonly onPress: () => void;
}

export function button({
  label,
  icon: name,
  look = 'secondary',
  size = 'normal',
  off = null,
  title,
  autofocus = false,
  onPress,
}: Button): TemplateResult {
  return html`<vscode-button
    class="button ${size} ${name === undefined ? 'bare' : ''}"
    appearance=${look}
    ?disabled=${off !== null}
    ?data-autofocus=${autofocus}
    title=${off ?? title ?? nothing}
    @click=${() => off === null && onPress()}
    >${name === undefined ? nothing : html`<span slot="start" class="button-icon">${icon(name)}</span>`}${label}</vscode-button
  >`;
}

export interface IconButton {
  readonly label: string;
  readonly icon: IconName;
  readonly pressed?: boolean;
  readonly off?: string | null;
  readonly onPress: () => void;
}

/** Small and many (rows, toolbars), so plain buttons: an element with a shadow tree each would cost more than it shows. */
export function iconButton({ label, icon: name, pressed, off = null, onPress }: IconButton): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    aria-label=${label}
    title=${off === null ? label : `${label}: ${off}`}
    aria-pressed=${pressed === undefined ? nothing : String(pressed)}
    aria-disabled=${off === null ? nothing : 'true'}
    @click=${(event: Event) => {
      event.stopPropagation();
      if (off === null) onPress();
    }}
  >
    ${icon(name)}
  </button>`;
}

/** Looks like a link, acts like a button: it goes to a line of source or to another view. */
export function linkButton(
  label: string | TemplateResult,
  onPress: () => void,
  title?: string,
): TemplateResult {
  return html`<button type="button" class="link" title=${title ?? nothing} @click=${(event: Event) => {
    event.stopPropagation();
    onPress();
  }}>${label}</button>`;
}

export function checkbox(
  label: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): TemplateResult {
  return html`<vscode-checkbox
    .checked=${live(checked)}
    @change=${(event: Event) => onChange((event.target as HTMLInputElement).checked)}
    >${label}</vscode-checkbox
  >`;
}

export function textField(
  label: string,
  value: string,
  onInput: (value: string) => void,
  options: { readonly placeholder?: string; readonly autofocus?: boolean; readonly maxLength?: number } = {},
): TemplateResult {
  return html`<vscode-text-field
    class="field"
    .value=${live(value)}
    placeholder=${options.placeholder ?? nothing}
    maxlength=${options.maxLength ?? nothing}
    ?data-autofocus=${options.autofocus ?? false}
    @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
    >${label}</vscode-text-field
  >`;
}

export function textArea(label: string, value: string, onInput: (value: string) => void): TemplateResult {
  return html`<vscode-text-area class="field" resize="vertical" rows="3" .value=${live(value)} @input=${(event: Event) => onInput((event.target as HTMLTextAreaElement).value)}>${label}</vscode-text-area>`;
}

export function searchField(
  label: string,
  value: string,
  onInput: (value: string) => void,
  shortcut?: string,
): TemplateResult {
  return html`<label class="search">
    ${icon('search')}
    <input type="search" aria-label=${label} placeholder=${label} .value=${live(value)} @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)} />
    ${shortcut === undefined || value !== '' ? nothing : html`<kbd aria-hidden="true">${shortcut}</kbd>`}
  </label>`;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function dropdown(
  label: string,
  choices: readonly Choice[],
  value: string,
  onChange: (value: string) => void,
): TemplateResult {
  // The toolkit's list box is not announced with its label; a select is, and the editor's colours fit it as well.
  return html`<span class="select"
    ><select aria-label=${label} @change=${(event: Event) => onChange((event.target as HTMLSelectElement).value)}>
      ${choices.map((choice) => html`<option value=${choice.value} ?selected=${choice.value === value}>${choice.label}</option>`)}
    </select>${icon('down')}</span
  >`;
}

export function progressRing(label: string): TemplateResult {
  return html`<vscode-progress-ring aria-label=${label}></vscode-progress-ring>`;
}
