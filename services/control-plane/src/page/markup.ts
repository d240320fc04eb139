import { html } from 'hono/html';

/** Escaped HTML. Every text from outside becomes one only through `html`, which escapes it. */
export type Markup = ReturnType<typeof html>;

/** A name that somebody chose: isolated, so that right-to-left or control characters turn nothing around it. */
export function name(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

/** A part of the page: title and explanation in the margin, the matter beside it. */
export function chapter(id: string, title: string, margin: Markup | string, matter: Markup): Markup {
  return html`<section class="chapter" aria-labelledby="${id}">
<div class="margin"><h2 id="${id}">${title}</h2>
${margin}</div>
<div class="matter">${matter}</div>
</section>`;
}

/** What to do next, where there is nothing to show. */
export function nextStep(what: Markup | string, command: string): Markup {
  return html`<div class="next"><p>${what}</p><pre><code>${command}</code></pre></div>`;
}

/** In the place of a figure that nobody could tell. */
export const unknown = html`<span class="unknown">unknown</span>`;
