import type { AdminApiOptions, ReportAsked } from '@tallygate/admin-api';
import type { Clock, ReportQuestion, ReportVersion, ReportVersions } from '@tallygate/usage';
import { withoutNames } from './without-names.ts';

export interface PullsOptions {
  /** Ours, whose bill it is. */
  organization: string;
  versions: ReportVersions;
  /** As for users of calls; null: whoever a report names is numbered. */
  pseudonymKey: string | null;
  clock: Clock;
  /** What was stored at this instant or later is not pulled again. Without it everything is. */
  freshFromMs?: number;
  /** Told of every version that an answer is made from, new or known. */
  onVersion?(version: ReportVersion): void;
}

/** What `createAdminApi` takes of it. */
export type PullHooks = Required<Pick<AdminApiOptions, 'onReport' | 'recall'>>;

/**
 * For `createAdminApi`: every report that is read is stored whole before anything is made of it. What the ledger refuses to store is
 * not answered: a figure without its version could never be explained.
 */
export function keepPulls(options: PullsOptions): PullHooks {
  const { versions, pseudonymKey, clock, freshFromMs, onVersion = () => {} } = options;
  let askedAtMs = clock.nowMs();
  return {
    async recall(asked) {
      // Paging takes minutes: a report is as old as its first page.
      askedAtMs = clock.nowMs();
      if (freshFromMs === undefined) return null;
      const known = await versions.newest(questionOf(asked, options));
      if (known === null || known.pulledAtMs < freshFromMs) return null;
      const { body, ...version } = known;
      onVersion(version);
      return body as Record<string, unknown>;
    },
    async onReport({ body, ...asked }) {
      const pull = { ...questionOf(asked, options), pulledAtMs: askedAtMs };
      onVersion(await versions.append({ ...pull, body: withoutNames(body, pseudonymKey) }));
    },
  };
}

function questionOf(asked: ReportAsked, { organization }: PullsOptions): ReportQuestion {
  const { organizationId, report, question, fromMs, toMs } = asked;
  const text = question === '' ? report : `${report}?${question}`;
  return { organization, providerOrganizationId: organizationId ?? '', report: text, fromMs, toMs };
}
