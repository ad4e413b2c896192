/**
 * In VS Code the editor dresses the page. A plain browser has no theme, so it wears VS Code's defaults by the system's
 * preference; `?theme=light` chooses one, for pictures and for whoever wants it.
 */
const themes = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  hc: 'vscode-high-contrast',
  'hc-light': 'vscode-high-contrast-light',
} as const;

export function wearTheme(): void {
  if (document.body.dataset.host !== 'browser') return;
  const chosen = new URLSearchParams(location.search).get('theme') ?? '';
  const light = matchMedia('(prefers-color-scheme: light)');
  const contrast = matchMedia('(prefers-contrast: more)');
  const wear = () => {
    const automatic = contrast.matches
      ? light.matches
        ? 'hc-light'
        : 'hc'
      : light.matches
        ? 'light'
        : 'dark';
    const name = chosen in themes ? (chosen as keyof typeof themes) : automatic;
    document.body.classList.remove(...Object.values(themes));
    document.body.classList.add(themes[name]);
    document.body.dataset.vscodeThemeKind = themes[name];
  };
  wear();
  light.addEventListener('change', wear);
  contrast.addEventListener('change', wear);
}
