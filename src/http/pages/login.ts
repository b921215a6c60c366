/** The form for the token. */
import { html } from "hono/html";

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
