import type { ReconcilerHealth } from './reconciler-service.ts';

interface Family {
  name: string;
  help: string;
  /** Labels as they are written, and the value; none where it is not known: an absent figure is no zero. */
  samples: [labels: string, value: number][];
}

const STATUSES = ['starting', 'ok', 'failing', 'overdue'] as const;
const VERDICTS = ['agrees', 'explained', 'differs'] as const;

/** How the schedule does, in the text format of Prometheus. Verdicts stand for amounts, which do not leave over HTTP. */
export function metricsText(health: ReconcilerHealth): string {
  const { lastVerdicts, dueDays, lastReportAt, lastCost, coveragePercent } = health;
  const families: Family[] = [
    {
      name: 'tallygate_reconciler_status',
      help: '1 for the status that the schedule has.',
      samples: STATUSES.map((status) => [`{status="${status}"}`, Number(status === health.status)]),
    },
    {
      name: 'tallygate_reconciler_last_report_timestamp_seconds',
      help: 'When the last reconciliation was stored.',
      samples: lastReportAt === null ? [] : [['', Date.parse(lastReportAt) / 1000]],
    },
    {
      name: 'tallygate_reconciler_verdict',
      help: '1 for the verdict of the last reconciliation on tokens and on money.',
      samples: verdictSamples(lastVerdicts),
    },
    {
      name: 'tallygate_reconciler_coverage_percent',
      help: 'How much of the last days of the bill the meter saw.',
      samples: coveragePercent === null ? [] : [['', coveragePercent]],
    },
    {
      name: 'tallygate_reconciler_last_cost_timestamp_seconds',
      help: 'When the cost of a month, or of what there is of it, was last reconciled.',
      samples: lastCost === null ? [] : [['', Date.parse(lastCost.at) / 1000]],
    },
    {
      name: 'tallygate_reconciler_cost_verdict',
      help: '1 for the verdict on that cost.',
      samples: verdictSamples(lastCost?.verdicts ?? null),
    },
    {
      name: 'tallygate_reconciler_due_days',
      help: 'Days that are to be pulled again and are not yet.',
      samples: dueDays === null ? [] : [['', dueDays]],
    },
  ];
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('');
}

function verdictSamples(verdicts: ReconcilerHealth['lastVerdicts']): Family['samples'] {
  return Object.entries(verdicts ?? {}).flatMap(([kind, given]) =>
    VERDICTS.map((verdict): [string, number] => [
      `{kind="${kind}",verdict="${verdict}"}`,
      Number(verdict === given),
    ]),
  );
}

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}
