/** The form for the token. It looks like the page, and loads nothing: the page's own files need the token. */
import { html, raw } from "hono/html";

/** The page's colours, see `playground/styles/base.css`. */
const style = `
  :root {
    color-scheme: light dark;
    font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  }
  .light { color-scheme: light; }
  .dark { color-scheme: dark; }
  * { box-sizing: border-box; }
  body {
    display: grid;
    place-items: center;
    min-height: 100dvh;
    margin: 0;
    padding: 1rem;
    background: light-dark(#f7f5f1, #171716);
    color: light-dark(#22201d, #ece9e3);
  }
  main {
    width: min(24rem, 100%);
    padding: 1.75rem;
    border: 1px solid light-dark(#dfdad1, #383632);
    border-radius: 14px;
    background: light-dark(#ffffff, #201f1e);
  }
  svg {
    width: 2rem;
    height: 2rem;
    fill: none;
    stroke: light-dark(#245f58, #84c9bd);
    stroke-width: 2.2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  h1 { margin: .5rem 0 .25rem; font-size: 1.625rem; line-height: 1.2; letter-spacing: -.015em; }
  p { margin: 0 0 1rem; color: light-dark(#67625a, #a8a298); }
  .wrong { color: light-dark(#a3281f, #f2948b); }
  label { display: block; font-size: .8125rem; font-weight: 600; }
  input, button { width: 100%; min-height: 2.75rem; padding: .4rem .75rem; border-radius: 8px; font: inherit; }
  input {
    margin: .35rem 0 1rem;
    border: 1px solid light-dark(#c9c2b6, #4c4943);
    background: light-dark(#ffffff, #201f1e);
    color: inherit;
  }
  button {
    border: 0;
    background: light-dark(#245f58, #84c9bd);
    color: light-dark(#ffffff, #10201d);
    font-weight: 600;
    cursor: pointer;
  }
  :focus-visible { outline: 2px solid light-dark(#245f58, #84c9bd); outline-offset: 2px; }
`;

/** The theme that was chosen on the page; without one the browser's. */
export type Theme = "light" | "dark";

/** The root's form is sent to the root itself, so that the address keeps its part behind `#`. */
const actionOf = (next: string) => (next === "/" ? "" : raw(' action="/login"'));

export const loginPage = (next: string, wrong: boolean, nonce: string, theme?: Theme) => html`<!doctype html>
<html lang="en"${theme ? raw(` class="${theme}"`) : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Sign in to easel with the server's access token.">
<link rel="icon" href="data:,">
<title>Sign in – easel</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 3v3M7 6h18v14H7zM16 20v9M11 20 7 29M21 20l4 9"/></svg>
<h1>Sign in</h1>
<p>This server is protected. Enter its access token (<code>auth_token</code> in its settings).</p>
${wrong ? html`<p class="wrong" role="alert">Wrong token.</p>` : ""}
<form method="post"${actionOf(next)}>
  <input type="hidden" name="next" value="${next}">
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <button>Continue</button>
</form>
</main>
</body>
</html>`;
