/** The roles of the style sheet as colours that a canvas understands; read again whenever the theme changes. */
const roles = [
  'bg',
  'fg',
  'muted',
  'line',
  'water',
  'water-soft',
  'water-deep',
  'barrier',
  'wait',
  'bp',
  'fail',
  'done',
  'bank',
  'cardline',
  'track',
  'grid',
  'focus',
  'on-barrier',
] as const;
export type Role = (typeof roles)[number];

export interface Palette {
  readonly color: (role: Role) => string;
  readonly family: string;
  readonly highContrast: boolean;
}

/** Mixed colours come out of `getComputedStyle` only as the value of a real property, so a hidden element wears each once. */
export function readPalette(): Palette {
  const probe = document.createElement('span');
  probe.className = 'hidden-text';
  document.body.append(probe);
  const colors = new Map<Role, string>();
  for (const role of roles) {
    probe.style.color = `var(--${role})`;
    colors.set(role, getComputedStyle(probe).color);
  }
  const family = getComputedStyle(document.body).fontFamily;
  probe.remove();
  const highContrast =
    document.body.classList.contains('vscode-high-contrast') ||
    document.body.classList.contains('vscode-high-contrast-light');
  return { color: (role) => colors.get(role) ?? '#888', family, highContrast };
}

/** Calls back when the editor, the system or a test switches the theme. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-theme'],
  });
  new MutationObserver(changed).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['style'],
  });
}
