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
  const { lastVerdicts, dueDays, lastReportAt } = health;
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
      samples: Object.entries(lastVerdicts ?? {}).flatMap(([kind, given]) =>
        VERDICTS.map((verdict): [string, number] => [
          `{kind="${kind}",verdict="${verdict}"}`,
          Number(verdict === given),
        ]),
      ),
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

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}
