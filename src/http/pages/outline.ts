/**
 * What a reference page shows until its script has drawn it, and without scripts: the document's words and its operations.
 *
 * @module
 */
import { html, raw } from "hono/html";
import { isServed, operationsIn } from "../openapi/markdown.ts";

/** An OpenAPI document. */
export type Document = Parameters<typeof operationsIn>[0];

const style = `
  .outline {
    max-width: 60rem; min-height: 100vh; box-sizing: border-box; margin: 0 auto; padding: 2rem 1.25rem; color-scheme: light dark;
    font: 15px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  }
  .outline li { margin: .2rem 0; }
  .outline code { font-size: .875rem; }
  body { margin: 0; }
  #app:not(:empty) ~ .outline { display: none; }
  @media (prefers-color-scheme: dark) { body:has(#app:empty) { background: #171716; color: #ece9e3; } }
`;

/** The first paragraph, without the marks of Markdown. */
const firstOf = (markdown: string) =>
  markdown
    .trim()
    .split(/\n\s*\n/)[0]!
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/[`*#]/g, "")
    .replace(/\s+/g, " ");

/** The page of the reference with an outline in its place, its language and its description. */
export function withOutline(page: string, title: string, document: Document): string {
  const { description } = document.info as { description: string };
  const words = firstOf(description);
  const operations = operationsIn(document).filter(isServed);
  const head = html`<meta name="description" content="${words}"><style>${raw(style)}</style></head>`;
  // Beside the place that the script draws in: it takes whatever stands inside for its own drawing.
  const outline = html`<div id="app"></div><main class="outline">
<h1>${title}</h1>
<p>${words}</p>
<h2>Operations</h2>
<ul>${operations.map(({ method, path, summary }) => html`<li><code>${method} ${path}</code> ${summary}</li>`)}</ul>
</main>`;
  return page
    .replace("<html>", '<html lang="en">')
    .replace("</head>", () => String(head))
    .replace('<div id="app"></div>', () => String(outline));
}
