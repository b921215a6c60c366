/**
 * The pages a person sees: the form for the token, and the reference. Nothing on them is loaded from elsewhere.
 *
 * @module
 */
import { html, raw } from "hono/html";

/** `script` is where the page's scripts come from; without it the page has none. */
export const pageHeaders = (script?: "'self'"): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    ...(script ? [`script-src ${script}`, "connect-src 'self'", "worker-src 'self' blob:"] : []),
  ].join("; "),
  "Cache-Control": "no-store",
  // Without a referrer a browser sends a form with `Origin: null`, as a page that hides where it is from.
  "Referrer-Policy": "same-origin",
});

export const loginPage = (next: string, wrong: boolean) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>easel: token needed</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 24rem; margin: 15vh auto; padding: 0 1rem; }
  input, button { font: inherit; padding: .5rem .75rem; width: 100%; box-sizing: border-box; margin-top: .5rem; }
  .wrong { color: #c62828; }
</style>
</head>
<body>
<h1>Token needed</h1>
<p>This server answers only with its token, the <code>auth_token</code> of its settings.</p>
${wrong ? html`<p class="wrong" role="alert">That is not the token.</p>` : ""}
<form method="post" action="/login">
  <input type="hidden" name="next" value="${next}">
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <button>Go on</button>
</form>
</body>
</html>`;

/** What Scalar would else fetch from, or send to, places that are not this server. */
const scalarConfiguration = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
};

/** The reference page of one document. */
export const referencePage = (title: string, document: string, scriptUrl: string) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript. The document itself is <a href="${document}">${document}</a>.</noscript>
<script id="api-reference" data-url="${document}" data-configuration="${JSON.stringify(scalarConfiguration)}"></script>
<script src="${raw(scriptUrl)}"></script>
</body>
</html>`;
