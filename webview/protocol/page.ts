/**
 * The page around the dashboard, for an editor's webview. The browser's page (`webview/static/index.html`) is the same
 * with fixed addresses; there the server sends the policy as a header too.
 *
 * No inline script and no style attribute anywhere: the policy allows the one script by its nonce, style sheets from
 * the webview's own source, and a worker from a Blob for the layout. `connect-src` stays closed: data comes by messages.
 */
export interface PageAssets {
  /** `webview.asWebviewUri(dist/webview/dashboard.js)` */
  readonly scriptUri: string;
  readonly styleUri: string;
  /** `webview.cspSource` */
  readonly cspSource: string;
  /** Fresh for every page. */
  readonly nonce: string;
  /** BCP 47, for `lang`. */
  readonly language: string;
  readonly title: string;
}

/** The controls' library adds one empty style element to learn what the browser can do; this is the hash of nothing. */
const emptyStyleHash = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

export function dashboardPage(assets: PageAssets): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${assets.nonce}'`,
    `style-src ${assets.cspSource} ${emptyStyleHash}`,
    `font-src ${assets.cspSource} data:`,
    `img-src ${assets.cspSource} data:`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="${escapeAttribute(assets.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<title>${escapeAttribute(assets.title)}</title>
<link rel="stylesheet" href="${escapeAttribute(assets.styleUri)}">
</head>
<body data-host="vscode">
<main id="sluice"></main>
<script nonce="${escapeAttribute(assets.nonce)}" src="${escapeAttribute(assets.scriptUri)}"></script>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
