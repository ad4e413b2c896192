/**
 * Words for people, in their language. Pure code is handed this; in the editor it is `vscode.l10n.t`, in a test it
 * fills in the English. A test holds every text that is said against the translations.
 */
export type Say = (text: string, ...values: (string | number)[]) => string;

export const sayEnglish: Say = (text, ...values) =>
  text.replace(/\{(\d+)\}/g, (placeholder, index) => String(values[Number(index)] ?? placeholder));
