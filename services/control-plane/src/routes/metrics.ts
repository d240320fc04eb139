import { MEASURES, type Measure } from '@tallygate/usage';
import type { Handler } from 'hono';
import { type DriftReport, findDrift } from 'tallygate';
import type { RouteParts, ServedRuntime } from './parts.ts';

/**
 * `GET /metrics`, in the text format of Prometheus: does the gate count what the ledger holds, and what waits? Labels are organization and
 * budget, nothing of a person or a call. What moves while it is looked at has no sample, and what does not answer fails the
 * scrape: an error is never a zero.
 */
export function metrics({ runtime, clock }: RouteParts): Handler {
  const { organization, gate, remoteBackend } = runtime;
  // Each process ships its own spool; this one has none to ship for others.
  const sources = { organization, gate, history: remoteBackend.history, clock, flush: async () => {} };
  return async (context) => {
    const report = await findDrift(sources);
    const spool = spoolFamilies(organization, await runtime.spoolStatus());
    const drift = MEASURES.map((measure) => driftFamily(organization, report, measure));
    const families = [...drift, gapFamily(organization, report), ...spool];
    return context.body(families.map(familyText).join(''), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  };
}

interface Family {
  name: string;
  help: string;
  samples: { labels: Record<string, string>; value: bigint | number }[];
}

function driftFamily(organization: string, report: DriftReport, measure: Measure): Family {
  return {
    name: `tallygate_drift_${measure === 'usd' ? 'nano_usd' : measure}`,
    help: 'Gate minus ledger in the current period; rows under way count until they are stored, so alert on what lasts.',
    samples: [...differencesIn(measure, report)].map(([budget, value]) => ({
      labels: { organization, budget },
      value,
    })),
  };
}

/** Of a budget with `each`, those of its values together: a person is no label. */
function differencesIn(measure: Measure, { budgets }: DriftReport): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { state, balance, difference } of budgets) {
    const { id, measure: own = 'usd' } = balance.budget;
    if (state !== 'moving' && own === measure) sums.set(id, (sums.get(id) ?? 0n) + difference);
  }
  return sums;
}

function gapFamily(organization: string, { gaps }: DriftReport): Family {
  const missing = gaps.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
  return {
    name: 'tallygate_settlement_gaps',
    help: 'Settlements of the last 35 days that the gate numbered and the ledger never got.',
    samples: [{ labels: { organization }, value: missing }],
  };
}

/** None where this machine keeps no spool on disk. */
function spoolFamilies(
  organization: string,
  status: Awaited<ReturnType<ServedRuntime['spoolStatus']>>,
): Family[] {
  if (status === null) return [];
  return [
    {
      name: 'tallygate_spool_waiting_bytes',
      help: 'On this disk, of all processes of the data directory, not yet in the ledger.',
      samples: [{ labels: { organization }, value: status.waitingBytes }],
    },
    {
      name: 'tallygate_spool_dead_facts',
      help: 'Refused by the ledger and kept: see "tallygate spool dead".',
      samples: [{ labels: { organization }, value: status.deadFacts }],
    },
  ];
}

/** Names of organizations and budgets hold nothing that would have to be escaped. */
function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}
