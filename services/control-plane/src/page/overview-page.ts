import type { TallygateError } from '@tallygate/usage';
import { html, raw } from 'hono/html';
import { barPatterns } from './bar.ts';
import { denialsView } from './denials-view.ts';
import { featuresView } from './features-view.ts';
import { type Markup, name } from './markup.ts';
import type { Overview } from './overview.ts';
import { statementsView } from './statement-view.ts';
import { STYLE } from './style.ts';
import { summaryView } from './summary-view.ts';
import { teamsView } from './teams-view.ts';
import { sayDate, sayTime } from './words.ts';

/** The console's one page, complete as it arrives: no script, no font, no image, nothing to fetch. */
export function overviewPage(overview: Overview): Markup {
  const { organization, nowMs, outages } = overview;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${organization} · Tallygate</title>
<style>${raw(STYLE)}</style>
</head>
<body>
${barPatterns}
<header><p class="brand">Tallygate</p><h1>${name(organization)}</h1><p class="as-of">${sayDate(nowMs)}, ${sayTime(nowMs)} UTC</p></header>
<main>
${outages.map(outage)}
${summaryView(overview)}
${teamsView(overview)}
${statementsView(overview)}
${featuresView(overview)}
${denialsView(overview)}
</main>
<footer><p>Rounded to the cent for reading, except against the bill. Exact figures:
<a href="/v1/spend">spend</a>, <a href="/v1/budgets">budgets</a>, <a href="/v1/reconciliation">reconciliation</a>.</p></footer>
</body>
</html>`;
}

/** What is away, and the cure. The sections that need it are left out, never filled with zeros. */
function outage({ message, cure }: TallygateError): Markup {
  const found = message.endsWith(cure) ? message.slice(0, -cure.length).trim() : message;
  return html`<div class="outage" role="status"><p><strong>${found}</strong></p><p>${cure}</p></div>`;
}
