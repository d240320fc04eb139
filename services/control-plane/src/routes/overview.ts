import type { Handler } from 'hono';
import { loadFacts } from '../page/facts.ts';
import { overviewOf } from '../page/overview.ts';
import { overviewPage } from '../page/overview-page.ts';
import type { RouteParts } from './parts.ts';

/** `GET /`: the one page. 200 also when gate or ledger is away: then it says so where their figures would stand. */
export function overview(parts: RouteParts): Handler {
  return async (context) => context.html(overviewPage(overviewOf(await loadFacts(parts))));
}
